package io.peal.fanout;

import io.peal.bus.Bus;
import io.peal.bus.ErrorHandler;
import io.peal.bus.Subscription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The delivery engine of one replica: it brings the messages of a bus to WebSocket connections. Thread-safe.
 *
 * <p>Close it before the bus.
 */
public final class Fanout implements AutoCloseable {

    private static final Duration DRAIN_GRACE = Shard.DRAIN_PATIENCE.plusSeconds(3); // for closing handshakes
    private static final long DRAIN_CHECK_NS = 5_000_000;

    private final Bus bus;
    private final Limits limits;
    private final SlowConsumers slowConsumers;
    private final Compression compression;
    private final ErrorHandler errorHandler;
    private final Signals signals;
    private final ConnectionCap cap;
    private final Entrance entrance;
    private final List<Shard<?>> shards = new CopyOnWriteArrayList<>();
    private final Subscription untilUnusable;
    private final AtomicLong connectionIds = new AtomicLong();
    private final AtomicInteger connections = new AtomicInteger();
    private volatile boolean draining;
    private volatile boolean closed;

    private Fanout(Builder options) {
        this.bus = options.bus;
        this.limits = options.limits;
        this.slowConsumers = options.slowConsumers;
        this.compression = options.compression;
        this.errorHandler = options.errorHandler;
        this.signals = new Signals(options.listener, errorHandler);
        this.cap = ConnectionCap.of(limits);
        this.entrance = new Entrance(this, cap, options.origins, options.authenticator);
        this.untilUnusable = bus.whenUnusable(this::leave);
    }

    /** A fanout over a bus, before it is built. */
    public static Builder on(Bus bus) {
        return new Builder(bus);
    }

    /** The bus it reads. */
    public Bus bus() {
        return bus;
    }

    /** The limits it keeps. */
    public Limits limits() {
        return limits;
    }

    /** Whether messages are compressed. */
    public Compression compression() {
        return compression;
    }

    /** How many connections are open now. */
    public int connections() {
        return connections.get();
    }

    /** How many positions of the log its slowest shard has yet to read; 0 while nobody subscribes to anything, or without a bus. */
    public long lag() {
        long newest = newest();
        long lag = 0;
        for (Shard<?> shard : shards) {
            lag = Math.max(lag, shard.lag(newest));
        }
        return lag;
    }

    /**
     * A new shard on an event loop: for adapters, which make one for each of their loops and keep it.
     *
     * @throws IllegalStateException if the fanout is closed
     */
    public <B> Shard<B> newShard(EventLoop loop, FrameMemory<B> memory) {
        if (closed) {
            throw new IllegalStateException("the fanout is closed");
        }
        Shard<B> shard = new Shard<>(this, loop, new FrameBuilder<>(memory, compression));
        shards.add(shard);
        return shard;
    }

    /**
     * Leaves in good order: no more clients are accepted (adapters answer 503), and those that are here are closed with 1012,
     * which tells them to come back, one after the other, so that they do not come back all at once. Each has got everything
     * before that was published until now; one that is too slow for it is closed all the same, two seconds late. Returns when
     * all are gone, or some seconds after the window. Closing the fanout is still to follow.
     *
     * <p>A client that comes back with its position has missed nothing then. Readiness probes should fail before this is
     * called, where a proxy has to notice first.
     *
     * @param window over which the connections are closed; ten seconds are a good deal for ten thousand
     * @throws IllegalStateException if it is called on an event loop, which it would block
     */
    public DrainReport drain(Duration window) {
        for (Shard<?> shard : shards) {
            if (shard.loop().inLoop()) {
                throw new IllegalStateException("drain() waits: do not call it on an event loop");
            }
        }
        FanoutEvents.Drain event = FanoutEvents.areRecorded() ? new FanoutEvents.Drain() : null;
        if (event != null) {
            event.begin();
        }
        draining = true;
        int before = connections();
        long newest = newest();
        shards.forEach(shard -> shard.drain(newest, window));
        long deadline = System.nanoTime() + window.toNanos() + DRAIN_GRACE.toNanos();
        while (connections() > 0 && System.nanoTime() < deadline) {
            LockSupport.parkNanos(DRAIN_CHECK_NS);
        }
        DrainReport report = new DrainReport(before, connections());
        if (event != null) {
            event.connections = report.connections();
            event.remaining = report.remaining();
            event.commit();
        }
        signals.drained(report);
        return report;
    }

    /**
     * Begins to close every connection with 1001, and reads the log no more. The event loops finish the closing
     * handshakes; {@link #connections()} falls to 0 as they do. Idempotent.
     */
    @Override
    public void close() {
        closed = true;
        untilUnusable.close();
        shards.forEach(Shard::close);
    }

    /** Whether an adapter may accept connections: not while draining, when closed, or when the bus is of no use any more. */
    public boolean isAccepting() {
        return !draining && !closed && bus.whyUnusable().isEmpty();
    }

    /**
     * Decides on an upgrade request: for adapters, which ask before they do anything for a client.
     *
     * @return what was decided, now or later, on any thread; it does not fail
     */
    public CompletionStage<Admission> admit(UpgradeRequest request) {
        return entrance.admit(request);
    }

    /**
     * Lets a client in that was admitted: for adapters, right before they answer it.
     *
     * @return a {@link Place}, or why it is refused after all: others came while it was decided who that is
     */
    public Entry enter(Admission admission) {
        return admission instanceof Admission.Accepted accepted
                ? entrance.enter(accepted)
                : (Admission.Refused) admission;
    }

    /**
     * The place of a connection that somebody else has let in: for adapters, as soon as it is there. If none is left, the
     * connection will be closed with 1013.
     */
    public Place placeOfAdmitted() {
        return new Place(cap, bus.position(), null, cap.takeAnyway());
    }

    /** How it is now, for probes. */
    public FanoutHealth health() {
        List<String> reasons = new ArrayList<>();
        long blocked = shards.stream().filter(Shard::isStuck).count();
        if (blocked > 0) {
            reasons.add(blocked + " event loops have been blocked for " + Shard.STUCK.toSeconds() + " s or more");
        }
        Optional<String> unusable = bus.whyUnusable();
        unusable.ifPresent(reasons::add);
        if (closed || draining) {
            reasons.add(closed ? "closed" : "draining");
        }
        int open = connections();
        if (cap.isReached()) {
            reasons.add(cap.taken() + " connections, which is the limit");
        }
        return new FanoutHealth(
                blocked == 0 && unusable.isEmpty(), reasons.isEmpty(), open, lag(), List.copyOf(reasons));
    }

    /** Where the newest message of the log stands; 0 when the bus is of no use any more. */
    long newest() {
        return bus.whyUnusable().isPresent() ? 0 : bus.position().value();
    }

    /** Sends everybody away, because nothing more will come to them here. */
    private void leave(String why) {
        if (!closed) {
            signals.busLost(why);
            shards.forEach(Shard::leave);
        }
    }

    boolean isClosed() {
        return closed;
    }

    Signals signals() {
        return signals;
    }

    /** What it does with clients that are too slow. */
    public SlowConsumers slowConsumers() {
        return slowConsumers;
    }

    ErrorHandler errorHandler() {
        return errorHandler;
    }

    long nextConnectionId() {
        return connectionIds.incrementAndGet();
    }

    void countOpened() {
        connections.incrementAndGet();
    }

    void countClosed() {
        connections.decrementAndGet();
    }

    /** Options of a {@link Fanout}; each has a default. Not thread-safe. */
    public static final class Builder {

        private final Bus bus;
        private Limits limits = Limits.defaults();
        private SlowConsumers slowConsumers = SlowConsumers.catchUp();
        private Compression compression = Compression.off();
        private OriginPolicy origins = OriginPolicy.sameHost();
        private Authenticator authenticator = request -> CompletableFuture.completedStage(Admission.accept());
        private FanoutListener listener = new FanoutListener() {};
        private ErrorHandler errorHandler = ErrorHandler.logging();

        private Builder(Bus bus) {
            this.bus = bus;
        }

        /** What clients may do; {@link Limits#defaults()} by default. */
        public Builder limits(Limits limits) {
            this.limits = limits;
            return this;
        }

        /** What clients get that are too slow, for each topic; everything, late, by default. */
        public Builder slowConsumers(SlowConsumers policies) {
            this.slowConsumers = policies;
            return this;
        }

        /** Whether messages are compressed for clients that offer it; not by default. */
        public Builder compression(Compression compression) {
            this.compression = compression;
            return this;
        }

        /** Which web pages may connect; those of the same host by default. */
        public Builder origins(OriginPolicy policy) {
            this.origins = policy;
            return this;
        }

        /** Who may connect; everybody by default. */
        public Builder authenticator(Authenticator authenticator) {
            this.authenticator = authenticator;
            return this;
        }

        /** Who is told what happens; nobody by default. */
        public Builder listener(FanoutListener listener) {
            this.listener = listener;
            return this;
        }

        /** Where errors on event loops go that are nobody's to catch; they are logged by default. */
        public Builder errorHandler(ErrorHandler handler) {
            this.errorHandler = handler.guarded();
            return this;
        }

        /** Builds it; it begins to read the log with its first subscription. */
        public Fanout build() {
            return new Fanout(this);
        }
    }
}
