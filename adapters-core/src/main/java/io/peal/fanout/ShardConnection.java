package io.peal.fanout;

import io.peal.bus.Bus;
import io.peal.bus.Gap;
import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A connection on its shard: what the application calls, what the adapter reports, and the cursor between the two. Its
 * state belongs to the event loop; calls from other threads are handed over to it.
 */
final class ShardConnection<F> implements Connection, Inlet {

    private static final int WORTH_A_NEW_READER = 1_024; // positions that need not be read
    private static final int LIFE_SPREAD = 1_000;

    private enum State {
        /** Follows the shard's reader. */
        LIVE,
        /** Stands at its cursor, or reads on from there by itself. */
        LAGGING,
        /** A close was sent; nothing else is. */
        CLOSING,
        /** Gone. */
        CLOSED
    }

    private final Shard<F> shard;
    private final Outlet<F> outlet;
    private final ConnectionHandler handler;
    private final long id;
    private final String uri;
    private final Limits limits;
    private final Map<Topic, TopicSubscription<F>> subscriptions = new HashMap<>(4);

    private volatile State state = State.LIVE;
    private volatile long cursor; // while lagging: everything up to here was written
    private volatile @Nullable Object attachment;
    private @Nullable TopicSet ownTopics; // while lagging
    private @Nullable Reader own; // while it reads on
    private long progressNs; // when it took something for the last time
    private int unsent; // bytes sent to it directly since its socket is full
    private boolean unflushed;
    private int closeCode;
    private @Nullable String closeReason; // while this server closes it
    private final long openedNs = System.nanoTime();
    private final long lifeShortenedNs;
    private final Rate inboundRate;
    private long inboundState = Rate.initial();
    private long heardNs = openedNs;
    private long spokeNs = openedNs;
    private boolean pinged; // since it was heard last

    /** The place in the shard's list of connections, kept by it. */
    int index;

    /** Whether it is among those that are catching up, kept by {@link CatchUp}. */
    boolean catchingUp;

    ShardConnection(Shard<F> shard, Outlet<F> outlet, ConnectionHandler handler, long id, String uri, Limits limits) {
        this.shard = shard;
        this.outlet = outlet;
        this.handler = handler;
        this.id = id;
        this.uri = uri;
        this.limits = limits;
        this.inboundRate = shard.inboundRate();
        this.lifeShortenedNs = limits.lifetime().toNanos() / 10 / LIFE_SPREAD * (id % LIFE_SPREAD);
    }

    // What the application calls, from any thread.

    @Override
    public long id() {
        return id;
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public @Nullable String queryParameter(String name) {
        return Query.parameter(uri, name);
    }

    @Override
    public StartFrom since() {
        String token = queryParameter("since");
        if (token == null) {
            return StartFrom.latest();
        }
        try {
            return StartFrom.after(Position.parse(token));
        } catch (IllegalArgumentException notAToken) {
            close(CloseCode.POLICY_VIOLATION, "since: " + notAToken.getMessage());
            return StartFrom.latest();
        }
    }

    @Override
    public void subscribe(Topic topic, StartFrom startFrom) {
        inLoop(() -> doSubscribe(topic, startFrom));
    }

    @Override
    public void unsubscribe(Topic topic) {
        inLoop(() -> doUnsubscribe(topic));
    }

    @Override
    public List<Topic> topics() {
        synchronized (subscriptions) {
            return List.copyOf(subscriptions.keySet());
        }
    }

    @Override
    public void send(String text) {
        ByteBuffer payload = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        inLoop(() -> doSend(payload, PayloadKind.TEXT));
    }

    @Override
    public void send(ByteBuffer payload, PayloadKind kind) {
        if (shard.loop().inLoop()) {
            doSend(payload.duplicate(), kind);
        } else {
            byte[] copy = new byte[payload.remaining()];
            payload.get(payload.position(), copy);
            shard.loop().execute(() -> doSend(ByteBuffer.wrap(copy), kind));
        }
    }

    @Override
    public long lag() {
        Bus bus = shard.fanout().bus();
        return switch (state) {
            case LIVE -> topics().isEmpty() ? 0 : Math.max(0, bus.position().value() - shard.position());
            case LAGGING -> Math.max(0, bus.position().value() - cursor);
            case CLOSING, CLOSED -> 0;
        };
    }

    @Override
    public void close(int code, String reason) {
        boolean sendable =
                (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999);
        int reasonLength = reason.getBytes(StandardCharsets.UTF_8).length;
        if (!sendable || reasonLength > 123) {
            throw new IllegalArgumentException("close code " + code + " with a reason of " + reasonLength
                    + " bytes: a code that may be sent and at most 123 bytes are needed");
        }
        inLoop(() -> doClose(code, reason));
    }

    @Override
    public @Nullable Object attachment() {
        return attachment;
    }

    @Override
    public void attach(@Nullable Object attachment) {
        this.attachment = attachment;
    }

    @Override
    public String toString() {
        return "connection " + id + " (" + state + ")";
    }

    // What the adapter reports, on the event loop.

    @Override
    public void onMessage(PayloadKind kind, ByteBuffer payload) {
        if (!isOpen()) {
            return;
        }
        spokeNs = System.nanoTime();
        inboundState = inboundRate.next(inboundState, spokeNs);
        if (inboundRate.isExceeded(inboundState, spokeNs)) {
            doClose(
                    CloseCode.POLICY_VIOLATION,
                    "more than " + limits.inboundBurst() + " messages at once, or " + limits.inboundRate()
                            + " a second");
        } else {
            call(() -> handler.onMessage(this, kind, payload));
        }
    }

    @Override
    public void onSignOfLife() {
        heardNs = System.nanoTime();
        pinged = false;
    }

    @Override
    public void onWritable() {
        unsent = 0;
        if (isLagging()) {
            drop(shard.readTo());
        }
        if (isLagging()) {
            shard.catchUp(this);
        }
    }

    @Override
    public void onClosed(int code, String reason) {
        if (state != State.CLOSED) {
            state = State.CLOSED;
            endSubscriptions();
            shard.forget(this);
            String ownReason = closeReason;
            if (ownReason == null) {
                shard.fanout().signals().closed(this, code, reason);
            } else {
                shard.fanout().signals().closed(this, closeCode, ownReason);
            }
            call(() -> handler.onClose(this, code, reason));
        }
    }

    // What the shard does with it, on the event loop.

    void opened() {
        call(() -> handler.onOpen(this));
    }

    Outlet<F> outlet() {
        return outlet;
    }

    /** Looks whether the client has been silent for long. */
    void checkLife(long nowNs) {
        long silentNs = nowNs - heardNs;
        if (isOver(limits.lifetime(), openedNs - lifeShortenedNs, nowNs)) {
            doClose(
                    CloseCode.SERVICE_RESTART,
                    "open for " + limits.lifetime().toSeconds() + " s, which is the limit: come back");
        } else if (isOver(limits.idle(), spokeNs, nowNs)) {
            doClose(CloseCode.GOING_AWAY, "no message for " + limits.idle().toSeconds() + " s");
        } else if (silentNs >= limits.deadAfter().toNanos()) {
            doClose(
                    CloseCode.TRY_AGAIN_LATER,
                    "no sign of life for " + limits.deadAfter().toSeconds() + " s");
        } else if (silentNs >= limits.pingAfter().toNanos() && !pinged && isOpen() && outlet.writable()) {
            pinged = true;
            outlet.ping();
        }
    }

    boolean isLive() {
        return state == State.LIVE;
    }

    boolean isLagging() {
        return state == State.LAGGING;
    }

    /** Whether it gets nothing because it does not take what it was sent. */
    boolean isBlocked() {
        return isOpen() && !outlet.writable();
    }

    /** Why it has been behind for too long or too far, null if it has not. */
    @Nullable
    String whyTooSlow(long nowNs) {
        if (nowNs - progressNs >= limits.stall().toNanos()) {
            return "took nothing for " + limits.stall().toSeconds() + " s";
        }
        long messages = 0;
        long bytes = 0;
        for (TopicSubscription<F> subscription : subscriptions.values()) {
            messages += subscription.messagesBehind();
            bytes += subscription.bytesBehind();
        }
        if (limits.messagesBehind() > 0 && messages > limits.messagesBehind()) {
            return messages + " messages behind";
        }
        return limits.bytesBehind() > 0 && bytes > limits.bytesBehind() ? bytes + " bytes behind" : null;
    }

    /** It has no room for a message of a topic whose clients are to have room. */
    void disconnect(Topic topic) {
        closeAsSlow("no room for a message");
    }

    void closeAsSlow(String why) {
        if (isOpen()) {
            shard.fanout().signals().closedAsSlow(this, why);
            doClose(CloseCode.TRY_AGAIN_LATER, "slow consumer: " + why);
        }
    }

    /** Leaves the live ones: everything up to {@code cursor} was written. */
    void fallBehind(long cursor) {
        shard.fanout().signals().fellBehind(this);
        raiseStarts(cursor);
        lagFrom(cursor);
    }

    /** Something it should get is gone for good: it is told by being closed. */
    void lost(Gap gap) {
        doClose(
                CloseCode.TRY_AGAIN_LATER,
                "messages " + gap.first() + " to " + gap.last() + " are lost: load the state anew");
    }

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
    boolean takes(Topic topic, long position, int length) {
        TopicSubscription<F> subscription = subscriptions.get(topic);
        if (subscription == null) {
            return false;
        }
        subscription.taken(position, length);
        return subscription.wants(position);
    }

    /** Moves the cursor over what is certainly not for it: then the log need not be read for that, or be there at all. */
    void skipUnwanted(long here) {
        long needed = here;
        for (TopicSubscription<F> subscription : subscriptions.values()) {
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

    /** Whether it has everything that was published up to a position, or will get nothing more. */
    boolean hasAllUpTo(long newest) {
        return switch (state) {
            case LIVE -> subscriptions.isEmpty() || shard.readTo() >= newest;
            case LAGGING -> false;
            case CLOSING, CLOSED -> true;
        };
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
        shard.fanout().signals().caughtUp(this);
    }

    /** Its cursor cannot be continued. */
    void refuse(PositionUnavailableException refusal) {
        closeAsSlow("what it should get is gone: " + refusal.reason());
    }

    private static boolean isOver(Duration limit, long sinceNs, long nowNs) {
        return !limit.isZero() && nowNs - sinceNs >= limit.toNanos();
    }

    private void doSubscribe(Topic topic, StartFrom startFrom) {
        if (!isOpen() || subscriptions.containsKey(topic)) {
            return;
        }
        if (subscriptions.size() >= limits.subscriptions()) {
            doClose(CloseCode.POLICY_VIOLATION, "more than " + limits.subscriptions() + " subscriptions");
            return;
        }
        TopicSubscription<F> subscription;
        try {
            subscription = shard.subscribe(this, topic, startFrom);
        } catch (PositionUnavailableException refusal) {
            doClose(CloseCode.POLICY_VIOLATION, "cannot resume: " + refusal.reason());
            return;
        }
        long had = isLive() ? shard.readTo() : cursor;
        raiseStarts(had);
        synchronized (subscriptions) {
            subscriptions.put(topic, subscription);
        }
        if (isLagging() || subscription.after != had) {
            lagFrom(Math.min(had, subscription.after));
        }
    }

    private void doUnsubscribe(Topic topic) {
        TopicSubscription<F> subscription;
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

    private void doSend(ByteBuffer payload, PayloadKind kind) {
        if (!isOpen()) {
            return;
        }
        unsent = outlet.writable() ? 0 : unsent + payload.remaining();
        if (unsent > limits.unsentLength()) {
            closeAsSlow(unsent + " bytes could not be sent");
            return;
        }
        shard.endRun();
        FrameBuilder<F> frames = shard.frames();
        frames.append(kind, payload);
        F finished = frames.finish();
        outlet.write(finished);
        frames.release(finished);
        shard.flushSoon(this);
    }

    private void doClose(int code, String reason) {
        if (isOpen()) {
            shard.endRun();
            state = State.CLOSING;
            closeCode = code;
            closeReason = reason;
            endSubscriptions();
            outlet.close(code, reason);
        }
    }

    /** Gives up what came while it had no room, of the topics for which that is the policy. */
    private void drop(long here) {
        Map<Topic, Gap> gaps = null; // most connections have none
        for (TopicSubscription<F> subscription : subscriptions.values()) {
            Gap gap = subscription.drop(cursor, here);
            if (gap != null) {
                gaps = gaps == null ? new LinkedHashMap<>() : gaps;
                gaps.put(subscription.topic, gap);
            }
        }
        if (gaps != null) {
            gaps.forEach((topic, gap) -> {
                shard.fanout().signals().dropped(this, topic, gap);
                call(() -> handler.onGap(this, topic, gap));
            });
        }
    }

    private void lagFrom(long cursor) {
        closeOwnReader();
        advance(cursor);
        if (state == State.LIVE) {
            state = State.LAGGING;
            subscriptions.values().forEach(TopicSubscription::countFromHere);
            shard.watch(this);
        }
        if (outlet.writable()) {
            shard.catchUp(this);
        }
    }

    /** What was subscribed before has everything up to here. */
    private void raiseStarts(long had) {
        for (TopicSubscription<F> subscription : subscriptions.values()) {
            subscription.after = Math.max(subscription.after, had);
        }
    }

    private void endSubscriptions() {
        closeOwnReader();
        subscriptions.values().forEach(shard::unsubscribe);
        synchronized (subscriptions) {
            subscriptions.clear();
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

    private boolean isOpen() {
        return state == State.LIVE || state == State.LAGGING;
    }

    private void call(Runnable callback) {
        try {
            callback.run();
        } catch (RuntimeException e) {
            shard.fanout().errorHandler().onError(e);
            doClose(CloseCode.INTERNAL_ERROR, "the application failed");
        }
    }

    private void inLoop(Runnable action) {
        if (shard.loop().inLoop()) {
            action.run();
        } else {
            shard.loop().execute(action);
        }
    }
}
