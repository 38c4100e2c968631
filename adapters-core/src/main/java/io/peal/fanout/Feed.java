package io.peal.fanout;

import io.peal.bus.Bus;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one connection gets of the log: its subscriptions, and its cursor while it is behind. Belongs to the shard's event
 * loop, but for what says otherwise.
 */
final class Feed<B> {

    private static final int WORTH_A_NEW_READER = 1_024; // positions that need not be read

    private enum State {
        /** Follows the shard's reader. */
        LIVE,
        /** Stands at its cursor, or reads on from there by itself. */
        LAGGING,
        /** Gets nothing more. */
        ENDED
    }

    private final ShardConnection<B> connection;
    private final Shard<B> shard;
    private final Outlet<B> outlet;
    private final FrameBuilder<B> frames;
    private final Map<Topic, TopicSubscription<B>> subscriptions = new HashMap<>(4);

    private volatile State state = State.LIVE;
    private volatile long cursor; // while lagging: everything up to here was written
    private @Nullable TopicSet ownTopics; // while lagging
    private @Nullable Reader own; // while it reads on
    private long progressNs; // when it took something for the last time
    private boolean unflushed;
    private boolean toldBehind; // so that who counts both comes to zero again
    private boolean watched; // a look at whether it is stalled is to come

    /** Whether it is among those that are catching up, kept by {@link CatchUp}. */
    boolean catchingUp;

    /** Whether it will be among them again in a while, kept by {@link CatchUp}, too. */
    boolean awaitingMessage;

    Feed(ShardConnection<B> connection, Shard<B> shard, Outlet<B> outlet, FrameBuilder<B> frames) {
        this.connection = connection;
        this.shard = shard;
        this.outlet = outlet;
        this.frames = frames;
    }

    ShardConnection<B> connection() {
        return connection;
    }

    Outlet<B> outlet() {
        return outlet;
    }

    /** Where messages for it are collected: those of its shard that have its form. */
    FrameBuilder<B> frames() {
        return frames;
    }

    boolean isLive() {
        return state == State.LIVE;
    }

    boolean isLagging() {
        return state == State.LAGGING;
    }

    /** Whether it gets nothing because the client does not take what it was sent. */
    boolean isBlocked() {
        return state != State.ENDED && !outlet.writable();
    }

    /** The topics of its subscriptions. Thread-safe. */
    List<Topic> topics() {
        synchronized (subscriptions) {
            return List.copyOf(subscriptions.keySet());
        }
    }

    int subscriptions() {
        return subscriptions.size();
    }

    /** How many positions it is behind. Thread-safe. */
    long lag() {
        return switch (state) {
            case LIVE -> topics().isEmpty() ? 0 : shard.lag(shard.fanout().newest());
            case LAGGING -> Math.max(0, shard.fanout().newest() - cursor);
            case ENDED -> 0;
        };
    }

    /** Whether it has everything that was published up to a position, or will get nothing more. */
    boolean hasAllUpTo(long newest) {
        return switch (state) {
            case LIVE -> subscriptions.isEmpty() || shard.readTo() >= newest;
            case LAGGING -> false;
            case ENDED -> true;
        };
    }

    // Subscriptions.

    boolean isSubscribedTo(Topic topic) {
        return subscriptions.containsKey(topic);
    }

    /**
     * Subscribes, if it has not yet.
     *
     * @return the position behind which the topic's messages follow
     * @throws PositionUnavailableException if it cannot be continued from there
     */
    long subscribe(Topic topic, StartFrom startFrom) {
        TopicSubscription<B> known = subscriptions.get(topic);
        if (known != null) {
            return Math.max(known.after, isLive() ? shard.readTo() : cursor);
        }
        TopicSubscription<B> subscription = shard.subscribe(this, topic, startFrom);
        long had = isLive() ? shard.readTo() : cursor;
        raiseStarts(had);
        synchronized (subscriptions) {
            subscriptions.put(topic, subscription);
        }
        if (isLagging() || subscription.after < had) {
            lagFrom(Math.min(had, subscription.after));
        }
        return subscription.after;
    }

    void unsubscribe(Topic topic) {
        TopicSubscription<B> subscription;
        synchronized (subscriptions) {
            subscription = subscriptions.remove(topic);
        }
        if (subscription != null) {
            shard.unsubscribe(subscription);
            if (ownTopics != null) {
                ownTopics.remove(topic);
            }
        }
    }

    /** Ends all subscriptions; no other begins. */
    void end() {
        state = State.ENDED;
        closeOwnReader();
        subscriptions.values().forEach(shard::unsubscribe);
        synchronized (subscriptions) {
            subscriptions.clear();
        }
    }

    // Flushing.

    boolean isUnflushed() {
        return unflushed;
    }

    /** Whether this is the first time since the last flush. */
    boolean markUnflushed() {
        boolean first = !unflushed;
        unflushed = true;
        return first;
    }

    void flush() {
        unflushed = false;
        outlet.flush();
    }

    // Falling behind, and catching up.

    /** Leaves the live ones: everything up to {@code cursor} was written. */
    void fallBehind(long cursor) {
        toldBehind = true;
        shard.fanout().signals().fellBehind(connection);
        stepAside(cursor);
    }

    /** Reads on by itself for a while: everything up to {@code cursor} was written. */
    void stepAside(long cursor) {
        raiseStarts(cursor);
        lagFrom(cursor);
    }

    /** There is room again. */
    void onWritable() {
        if (isLagging()) {
            drop(shard.readTo());
        }
        if (isLagging()) {
            shard.catchUp(this);
        }
    }

    /** The look that was to come has come; true if there must be another, because it is behind. */
    boolean isStillWatched() {
        watched = isLagging();
        return watched;
    }

    /** Why it has been behind for too long or too far, null if it has not. */
    @Nullable
    String whyTooSlow(Limits limits, long nowNs) {
        if (nowNs - progressNs >= limits.stall().toNanos()) {
            return "took nothing for " + limits.stall().toSeconds() + " s";
        }
        long messages = 0;
        long bytes = 0;
        for (TopicSubscription<B> subscription : subscriptions.values()) {
            messages += subscription.messagesBehind();
            bytes += subscription.bytesBehind();
        }
        if (limits.messagesBehind() > 0 && messages > limits.messagesBehind()) {
            return messages + " messages behind";
        }
        return limits.bytesBehind() > 0 && bytes > limits.bytesBehind() ? bytes + " bytes behind" : null;
    }

    /** Its own reader, at its cursor. */
    Reader ownReader(Bus bus) {
        Reader reader = own;
        if (reader == null) {
            TopicSet topics = TopicSet.of(subscriptions.keySet().toArray(Topic[]::new));
            reader = bus.newReader(StartFrom.after(shard.positionOf(cursor)), topics);
            ownTopics = topics;
            own = reader;
        }
        return reader;
    }

    /** Whether a message that its own reader found is for it; if so, it counts as taken. */
    boolean takes(Message message) {
        TopicSubscription<B> subscription = subscriptions.get(message.topic());
        if (subscription == null) {
            return false;
        }
        subscription.taken(message.position(), message.payloadLength());
        return subscription.wants(message);
    }

    /** Moves the cursor over what is certainly not for it: then the log need not be read for that, or be there at all. */
    void skipUnwanted(long here) {
        long needed = here;
        for (TopicSubscription<B> subscription : subscriptions.values()) {
            needed = Math.min(needed, subscription.neededAfter(cursor, here));
        }
        if (needed >= here || needed - cursor > WORTH_A_NEW_READER) {
            closeOwnReader();
            advance(needed);
        }
    }

    /** While lagging: everything up to here was written. */
    long position() {
        return cursor;
    }

    /** Everything up to here is written now. */
    void advance(long position) {
        cursor = position;
        progressNs = System.nanoTime();
    }

    /** It is level with the shard. */
    void becomeLive() {
        closeOwnReader();
        state = State.LIVE;
        if (toldBehind) {
            toldBehind = false;
            shard.fanout().signals().caughtUp(connection);
        }
    }

    /** Gives up what came while there was no room, of the topics for which that is the policy. */
    private void drop(long here) {
        Map<Topic, Gap> gaps = null; // most connections have none
        for (TopicSubscription<B> subscription : subscriptions.values()) {
            Gap gap = subscription.drop(cursor, here);
            if (gap != null) {
                gaps = gaps == null ? new LinkedHashMap<>() : gaps;
                gaps.put(subscription.topic, gap);
            }
        }
        if (gaps != null) {
            gaps.forEach(connection::dropped);
        }
    }

    private void lagFrom(long cursor) {
        closeOwnReader();
        advance(cursor);
        if (state == State.LIVE) {
            state = State.LAGGING;
            subscriptions.values().forEach(TopicSubscription::countFromHere);
            if (!watched) { // it may have come and gone since it was watched for the last time
                watched = true;
                shard.watch(this);
            }
        }
        if (outlet.writable()) {
            shard.catchUp(this);
        }
    }

    /** What was subscribed before has everything up to here. */
    private void raiseStarts(long had) {
        for (TopicSubscription<B> subscription : subscriptions.values()) {
            subscription.after = Math.max(subscription.after, had);
        }
    }

    private void closeOwnReader() {
        Reader reader = own;
        if (reader != null) {
            reader.close();
            own = null;
            ownTopics = null;
        }
    }
}
