package io.peal.fanout;

import io.peal.bus.Gap;
import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A connection on its shard: what the application calls, what the adapter reports, and when it is closed. Its state belongs
 * to the event loop; calls from other threads are handed over to it. What it gets of the log is its {@link Feed}'s.
 */
final class ShardConnection<B> implements Connection, Inlet {

    private static final int LIFE_SPREAD = 1_000;

    private enum State {
        OPEN,
        /** A close was sent; nothing else is. */
        CLOSING,
        /** Gone. */
        CLOSED
    }

    private final Shard<B> shard;
    private final Outlet<B> outlet;
    private final ConnectionHandler handler;
    private final @Nullable ClientProtocol protocol; // the handler, if it is one
    private final long id;
    private final String uri;
    private final Limits limits;
    private final Feed<B> feed;
    private final Place place;

    private volatile State state = State.OPEN;
    private volatile @Nullable Object attachment;
    private int unsent; // bytes sent to it directly since its socket is full
    private int closeCode;
    private @Nullable String closeReason; // while this server closes it
    private final long openedNs = System.nanoTime();
    private final long lifeShortenedNs;
    private final Rate inboundRate;
    private long inboundState = Rate.initial();
    private long heardNs = openedNs;
    private long spokeNs = openedNs;
    private boolean pinged; // since it was heard last
    private boolean opening; // its handler is being told

    /** The place in the shard's list of connections, kept by it. */
    int index;

    ShardConnection(
            Shard<B> shard,
            Outlet<B> outlet,
            ConnectionHandler handler,
            long id,
            String uri,
            Place place,
            Limits limits) {
        this.shard = shard;
        this.outlet = outlet;
        this.handler = handler;
        this.protocol = handler instanceof ClientProtocol that ? that : null;
        this.feed = new Feed<>(this, shard, outlet, shard.framesOf(formOf(handler)));
        this.id = id;
        this.uri = uri;
        this.place = place;
        this.attachment = place.attachment();
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
        inLoop(() -> doSubscribe(topic, startFrom, null));
    }

    @Override
    public void subscribe(Topic topic, StartFrom startFrom, SubscribeOutcome outcome) {
        inLoop(() -> doSubscribe(topic, startFrom, outcome));
    }

    @Override
    public void execute(Runnable task) {
        shard.loop().execute(() -> {
            if (isOpen()) {
                call(task);
            }
        });
    }

    @Override
    public void unsubscribe(Topic topic) {
        inLoop(() -> feed.unsubscribe(topic));
    }

    @Override
    public List<Topic> topics() {
        return feed.topics();
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
        return feed.lag();
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
    public Connection connection() {
        return this;
    }

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
        feed.onWritable();
    }

    @Override
    public void onClosed(int code, String reason) {
        if (state != State.CLOSED) {
            state = State.CLOSED;
            feed.end();
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
        outlet.open(this);
        opening = true;
        call(() -> handler.onOpen(this));
        opening = false;
    }

    /**
     * The position behind which a subscription of the latest begins: usually what is published from now on, but in
     * {@code onOpen} all that the client may have heard of since it was answered.
     *
     * @param readTo what the shard has read
     */
    long latest(long readTo, Position newest) {
        return opening && place.answeredAt().epoch() == newest.epoch()
                ? Math.min(place.answeredAt().value(), newest.value())
                : Math.max(readTo, newest.value());
    }

    Place place() {
        return place;
    }

    Feed<B> feed() {
        return feed;
    }

    /** Looks whether the client has been silent for long. */
    void checkLife(long nowNs) {
        if (outlet.hasHeard()) {
            onSignOfLife();
        }
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
        if (protocol != null && isOpen()) {
            call(() -> protocol.onBeat(this));
        }
    }

    /** A message could not be encoded for it, or written. */
    void failed() {
        doClose(CloseCode.INTERNAL_ERROR, "a message could not be sent");
    }

    void closeAsSlow(String why) {
        if (isOpen()) {
            shard.fanout().signals().closedAsSlow(this, why);
            doClose(CloseCode.TRY_AGAIN_LATER, "slow consumer: " + why);
        }
    }

    /** Something it should get is gone for good: it is told by being closed. */
    void lost(Gap gap) {
        doClose(
                CloseCode.TRY_AGAIN_LATER,
                "messages " + gap.first() + " to " + gap.last() + " are lost: load the state anew");
    }

    /** What came while it had no room is given up. */
    void dropped(Topic topic, Gap gap) {
        shard.fanout().signals().dropped(this, topic, gap);
        call(() -> handler.onGap(this, topic, gap));
    }

    /** Its cursor cannot be continued. */
    void refuse(PositionUnavailableException refusal) {
        closeAsSlow("what it should get is gone: " + refusal.reason());
    }

    private static MessageForm formOf(ConnectionHandler handler) {
        return handler instanceof ClientProtocol protocol ? protocol.form() : MessageForm.raw();
    }

    private static boolean isOver(Duration limit, long sinceNs, long nowNs) {
        return !limit.isZero() && nowNs - sinceNs >= limit.toNanos();
    }

    private void doSubscribe(Topic topic, StartFrom startFrom, @Nullable SubscribeOutcome outcome) {
        if (!isOpen()) {
            return;
        }
        if (shard.isWriting()) { // called by a listener: what this connection has had is not settled
            shard.loop().execute(() -> doSubscribe(topic, startFrom, outcome));
            return;
        }
        if (feed.subscriptions() >= limits.subscriptions() && !feed.isSubscribedTo(topic)) {
            doClose(CloseCode.POLICY_VIOLATION, "more than " + limits.subscriptions() + " subscriptions");
            return;
        }
        try {
            Position after = shard.positionOf(feed.subscribe(topic, startFrom));
            if (outcome != null) {
                call(() -> outcome.onSubscribed(after));
            }
        } catch (PositionUnavailableException refusal) {
            if (outcome != null) {
                call(() -> outcome.onRefused(refusal));
            } else {
                doClose(CloseCode.POLICY_VIOLATION, "cannot resume: " + refusal.reason());
            }
        } catch (RuntimeException e) { // of the bus; whoever called may be on another thread, and would not hear of it
            if (shard.hasBus()) {
                shard.fanout().errorHandler().onError(e);
                doClose(CloseCode.INTERNAL_ERROR, "the subscription failed");
            } else {
                doClose(CloseCode.SERVICE_RESTART, Shard.RESTARTS);
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
        FrameBuilder<B> frames = shard.rawFrames();
        frames.append(kind, payload);
        FrameRun<B> finished = frames.finish();
        outlet.write(finished);
        finished.release();
        shard.flushSoon(feed);
    }

    private void doClose(int code, String reason) {
        if (isOpen()) {
            shard.endRun();
            state = State.CLOSING;
            closeCode = code;
            closeReason = reason;
            feed.end();
            outlet.close(code, reason);
        }
    }

    private boolean isOpen() {
        return state == State.OPEN;
    }

    private void call(Runnable callback) {
        try {
            callback.run();
        } catch (RuntimeException | Error e) {
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
