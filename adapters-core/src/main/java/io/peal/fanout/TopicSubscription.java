package io.peal.fanout;

import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Topic;
import org.jspecify.annotations.Nullable;

/** One connection's subscription to one topic. Belongs to the shard's event loop. */
final class TopicSubscription<B> {

    final Feed<B> feed;
    final Topic topic;

    /** All subscriptions of the shard to this topic. */
    final TopicSubscribers<B> all;

    /** How far the shard was when this began; what it wants from before is not late, but asked for. */
    final long begunAt;

    /** The place in {@link TopicSubscribers}, kept by it. */
    int index = -1;

    /** What the client has, or does not want: only messages behind this position are for it. */
    long after;

    private long messagesTaken;
    private long bytesTaken;

    TopicSubscription(Feed<B> feed, Topic topic, TopicSubscribers<B> all, long begunAt, long after) {
        this.feed = feed;
        this.topic = topic;
        this.all = all;
        this.begunAt = begunAt;
        this.after = after;
    }

    SlowConsumerPolicy policy() {
        return all.policy();
    }

    /** It has all that came until now. */
    void countFromHere() {
        messagesTaken = all.messages();
        bytesTaken = all.bytes();
    }

    /** It has taken one more, late. */
    void taken(long position, int length) {
        if (position > begunAt) {
            messagesTaken++;
            bytesTaken += length;
        }
    }

    /** How many messages it has not got that it will get. */
    long messagesBehind() {
        return policy() == SlowConsumerPolicy.CATCH_UP ? all.messages() - messagesTaken : 0;
    }

    /** The length of their payloads. */
    long bytesBehind() {
        return policy() == SlowConsumerPolicy.CATCH_UP ? all.bytes() - bytesTaken : 0;
    }

    /** Whether a message of the topic is for it: new to it, and not to be left out for a newer one. */
    boolean wants(Message message) {
        return message.position() > after && !all.isSuperseded(message);
    }

    /**
     * Where the connection has to read on for this topic, while it is behind: up to there nothing is for it.
     *
     * @param cursor what it has
     * @param here how far the shard has read
     */
    long neededAfter(long cursor, long here) {
        long had = Math.max(cursor, after);
        if (had < begunAt && all.newest() <= begunAt) {
            return had; // what was before this subscription is not known here
        }
        if (had >= begunAt && all.newest() <= had) {
            return here; // there was nothing
        }
        return all.beforeFirstBehind(had);
    }

    /**
     * Gives up what came while there was no room, if that is the topic's policy; what it asked for from before it began is
     * not given up.
     *
     * @return what it has missed, or null if that is nothing
     */
    @Nullable
    Gap drop(long cursor, long here) {
        long had = Math.max(cursor, after);
        if (policy() != SlowConsumerPolicy.DROP || had < begunAt || all.newest() <= had) {
            return null;
        }
        after = here;
        return new Gap(had + 1, here);
    }
}
