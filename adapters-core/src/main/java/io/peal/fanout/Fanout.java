package io.peal.fanout;

import io.peal.bus.Bus;
import io.peal.bus.ErrorHandler;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The delivery engine of one replica: it brings the messages of a bus to WebSocket connections. Thread-safe.
 *
 * <p>Close it before the bus.
 */
public final class Fanout implements AutoCloseable {

    private final Bus bus;
    private final Limits limits;
    private final ErrorHandler errorHandler;
    private final List<Shard<?>> shards = new CopyOnWriteArrayList<>();
    private final AtomicLong connectionIds = new AtomicLong();
    private final AtomicInteger connections = new AtomicInteger();
    private volatile boolean closed;

    private Fanout(Builder options) {
        this.bus = options.bus;
        this.limits = options.limits;
        this.errorHandler = options.errorHandler;
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

    /** How many connections are open now. */
    public int connections() {
        return connections.get();
    }

    /** How many positions of the log its slowest shard has yet to read; 0 while nobody subscribes to anything. */
    public long lag() {
        long newest = bus.position().value();
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
    public <F> Shard<F> newShard(EventLoop loop, FrameBuilder<F> frames) {
        if (closed) {
            throw new IllegalStateException("the fanout is closed");
        }
        Shard<F> shard = new Shard<>(this, loop, frames);
        shards.add(shard);
        return shard;
    }

    /**
     * Begins to close every connection with 1001, and reads the log no more. The event loops finish the closing
     * handshakes; {@link #connections()} falls to 0 as they do. Idempotent.
     */
    @Override
    public void close() {
        closed = true;
        shards.forEach(Shard::close);
    }

    /** Whether it is closed: an adapter accepts no more connections then. */
    public boolean isClosed() {
        return closed;
    }

    ErrorHandler errorHandler() {
        return errorHandler;
    }

    long nextConnectionId() {
        return connectionIds.incrementAndGet();
    }

    void countConnections(int change) {
        connections.addAndGet(change);
    }

    /** Options of a {@link Fanout}; each has a default. Not thread-safe. */
    public static final class Builder {

        private final Bus bus;
        private Limits limits = Limits.defaults();
        private ErrorHandler errorHandler = ErrorHandler.logging();

        private Builder(Bus bus) {
            this.bus = bus;
        }

        /** What clients may do; {@link Limits#defaults()} by default. */
        public Builder limits(Limits limits) {
            this.limits = limits;
            return this;
        }

        /** Where errors on event loops go that are nobody's to catch; they are logged by default. */
        public Builder errorHandler(ErrorHandler handler) {
            this.errorHandler = handler;
            return this;
        }

        /** Builds it; it begins to read the log with its first subscription. */
        public Fanout build() {
            return new Fanout(this);
        }
    }
}
