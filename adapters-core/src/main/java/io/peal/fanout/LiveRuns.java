package io.peal.fanout;

import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a shard's reader finds, for those who are live. Messages of one topic that follow each other form a run, which is
 * encoded once for each form and written to every subscriber. A message of another topic ends the run, so that every
 * connection sees all its topics in the order of the log. Belongs to the shard's event loop.
 */
final class LiveRuns<B> implements Subscriber {

    private static final int RUN_LENGTH = 64 * 1024;
    private static final String NO_ROOM = "no room for a message";

    private final Shard<B> shard;
    private final TurnCount count;
    private final TopicSet topics = new TopicSet();
    private final Map<Topic, TopicSubscribers<B>> subscribers = new HashMap<>();
    private final List<TopicSubscription<B>> ended = new ArrayList<>(); // to be removed behind the run that is written
    private @Nullable TopicSubscribers<B> run; // whom the messages that are collected are for
    private long first; // of the run, as are the next three
    private long last;
    private int messages;
    private long bytes;
    private boolean writing;

    LiveRuns(Shard<B> shard, TurnCount count) {
        this.shard = shard;
        this.count = count;
    }

    // Who subscribes to what.

    /** The topics that somebody subscribes to, for the shard's reader. */
    TopicSet topics() {
        return topics;
    }

    /**
     * Adds a subscription, between two runs.
     *
     * @param here how far the shard has read
     * @param after the position behind which messages are for it
     */
    TopicSubscription<B> add(Feed<B> feed, Topic topic, long here, long after) {
        TopicSubscribers<B> all = subscribers.computeIfAbsent(topic, key -> subscribersOf(key, here));
        TopicSubscription<B> subscription = new TopicSubscription<>(feed, topic, all, here, after);
        subscription.countFromHere();
        all.add(subscription);
        topics.add(topic);
        return subscription;
    }

    private TopicSubscribers<B> subscribersOf(Topic topic, long here) {
        SlowConsumers policies = shard.fanout().slowConsumers();
        MessageKey key = policies.keyOf(topic);
        NewestOfKeys newestOfKeys =
                key == null ? null : new NewestOfKeys(key, shard.fanout().errorHandler(), NewestOfKeys.CAPACITY, here);
        return new TopicSubscribers<>(topic, policies.of(topic), newestOfKeys);
    }

    /** Removes a subscription, which gets what is collected now if it is live. */
    void remove(TopicSubscription<B> subscription) {
        if (writing) {
            ended.add(subscription);
        } else {
            write();
            removeNow(subscription);
        }
    }

    private void removeNow(TopicSubscription<B> subscription) {
        TopicSubscribers<B> all = subscribers.get(subscription.topic);
        if (all != null) {
            all.remove(subscription);
            if (all.isEmpty()) {
                subscribers.remove(subscription.topic);
                topics.remove(subscription.topic);
            }
        }
    }

    // What the reader finds.

    @Override
    public void onMessage(Message message) {
        Topic topic = message.topic();
        TopicSubscribers<B> to = run;
        if (to == null || !topic.equals(to.topic()) || to.runLength() + message.payloadLength() > RUN_LENGTH) {
            write();
            to = subscribers.get(topic);
            if (to == null) {
                return; // the last one has left in between
            }
            run = to;
            first = message.position();
            messages = 0;
            bytes = 0;
        }
        last = message.position();
        messages++;
        bytes += message.payloadLength();
        count.read(message);
        to.append(message);
    }

    @Override
    public void onGap(Gap gap) {
        write();
        for (TopicSubscribers<B> all : subscribers.values()) {
            all.lost(gap.last()); // those who lag read on from where they are, and meet the gap themselves
        }
        shard.lost(gap);
    }

    /** Whether a run is being written. */
    boolean isWriting() {
        return writing;
    }

    // Writing a run.

    /** Writes what is collected; what fails for a connection, or for all of them, closes whom it may have failed to reach. */
    void write() {
        TopicSubscribers<B> all = run;
        if (all == null) {
            return;
        }
        run = null;
        writing = true;
        try {
            for (int i = 0; i < all.audiences(); i++) {
                write(all.audience(i), all.policy());
            }
            all.passed(last, messages, bytes);
        } finally {
            writing = false;
        }
        if (!ended.isEmpty()) {
            ended.forEach(this::removeNow);
            ended.clear();
        }
    }

    private void write(Audience<B> audience, SlowConsumerPolicy policy) {
        Throwable failure = audience.frames.takeFailure();
        int length = audience.frames.length();
        count.built(length);
        try {
            FrameRun<B> finished = audience.frames.finish();
            if (failure == null) {
                writeToAll(audience, policy, finished, length);
            }
            finished.release();
        } catch (RuntimeException | Error e) { // there was no memory for it
            failure = e;
        }
        if (failure != null) {
            failAll(audience, failure);
        }
    }

    /** A message has no form that could be sent: who was to get it is closed, because it would be missed silently. */
    private void failAll(Audience<B> audience, Throwable failure) {
        for (int i = 0; i < audience.size(); i++) {
            Feed<B> feed = audience.get(i).feed;
            if (feed.isLive()) {
                shard.fail(feed, failure);
            }
        }
    }

    private void writeToAll(Audience<B> audience, SlowConsumerPolicy policy, FrameRun<B> finished, int length) {
        for (int i = 0, size = audience.size(); i < size; i++) {
            TopicSubscription<B> subscription = audience.get(i);
            try {
                writeTo(subscription, policy, finished, length);
            } catch (RuntimeException | Error e) {
                shard.fail(subscription.feed, e);
            }
        }
    }

    private void writeTo(
            TopicSubscription<B> subscription, SlowConsumerPolicy policy, FrameRun<B> finished, int length) {
        Feed<B> feed = subscription.feed;
        if (!feed.isLive()) {
            if (policy == SlowConsumerPolicy.DISCONNECT && feed.isBlocked()) {
                feed.connection().closeAsSlow(NO_ROOM);
            }
        } else if (subscription.after >= first) {
            feed.stepAside(first - 1);
        } else if (feed.outlet().writable()) {
            feed.outlet().write(finished);
            count.delivered(messages, length);
            shard.flushSoon(feed);
        } else if (policy == SlowConsumerPolicy.DISCONNECT) {
            feed.connection().closeAsSlow(NO_ROOM);
        } else {
            feed.fallBehind(first - 1);
        }
    }
}
