package io.peal.fanout;

import io.peal.bus.Message;
import io.peal.bus.Topic;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** All subscriptions of one shard to one topic, by the form they get it in. Belongs to the shard's event loop. */
final class TopicSubscribers<B> {

    private final Topic topic;
    private final SlowConsumerPolicy policy;
    private final @Nullable NewestOfKeys newestOfKeys; // null if the topic is not conflated by key
    private final List<Audience<B>> audiences = new ArrayList<>(1); // mostly there is one form only
    private long newest;
    private long messages;
    private long bytes;

    TopicSubscribers(Topic topic, SlowConsumerPolicy policy, @Nullable NewestOfKeys newestOfKeys) {
        this.topic = topic;
        this.policy = policy;
        this.newestOfKeys = newestOfKeys;
    }

    Topic topic() {
        return topic;
    }

    SlowConsumerPolicy policy() {
        return policy;
    }

    /** Encodes a message for each form. */
    void append(Message message) {
        if (newestOfKeys != null) {
            newestOfKeys.note(message);
        }
        for (int i = 0; i < audiences.size(); i++) {
            audiences.get(i).frames.append(message);
        }
    }

    /** The length of the longest of the runs that are collected. */
    int runLength() {
        int longest = 0;
        for (int i = 0; i < audiences.size(); i++) {
            longest = Math.max(longest, audiences.get(i).frames.length());
        }
        return longest;
    }

    /** Notes a run of messages, after it was written. */
    void passed(long last, int count, long length) {
        newest = last;
        messages += count;
        bytes += length;
    }

    /** What was up to a position is lost, and there may have been messages of the topic. */
    void lost(long last) {
        newest = last;
        if (newestOfKeys != null) {
            newestOfKeys.lost(last);
        }
    }

    /** The newest message's position among those that came since the shard has subscribers of this topic; 0 if none did. */
    long newest() {
        return newest;
    }

    /** How many have come since then. */
    long messages() {
        return messages;
    }

    /** The length of their payloads. */
    long bytes() {
        return bytes;
    }

    /** Whether the topic is conflated and a newer message takes this one's place. */
    boolean isSuperseded(Message message) {
        if (newestOfKeys != null) {
            return newestOfKeys.isSuperseded(message);
        }
        return policy == SlowConsumerPolicy.CONFLATE && message.position() < newest;
    }

    /** The position before the first message behind {@code position} that is not superseded, if there are any behind it. */
    long beforeFirstBehind(long position) {
        if (newestOfKeys != null) {
            return newestOfKeys.beforeFirstBehind(position);
        }
        return policy == SlowConsumerPolicy.CONFLATE ? newest - 1 : position;
    }

    int audiences() {
        return audiences.size();
    }

    Audience<B> audience(int index) {
        return audiences.get(index);
    }

    boolean isEmpty() {
        return audiences.isEmpty();
    }

    void add(TopicSubscription<B> subscription) {
        audienceOf(subscription.feed.frames()).add(subscription);
    }

    void remove(TopicSubscription<B> subscription) {
        Audience<B> audience = audienceOf(subscription.feed.frames());
        audience.remove(subscription);
        if (audience.size() == 0) {
            audiences.remove(audience);
        }
    }

    private Audience<B> audienceOf(FrameBuilder<B> frames) {
        for (Audience<B> audience : audiences) {
            if (audience.frames == frames) {
                return audience;
            }
        }
        Audience<B> first = new Audience<>(frames);
        audiences.add(first);
        return first;
    }
}
