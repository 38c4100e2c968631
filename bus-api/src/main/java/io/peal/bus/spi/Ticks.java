package io.peal.bus.spi;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * A number that changes about every millisecond as long as somebody wants it to: who keeps a time for a while sees by one load of
 * memory that it is old. Otherwise it stands still, without a thread, and costs nothing. Thread-safe.
 */
public final class Ticks {

    /** What {@link #now} says while it stands still. */
    static final long NONE = 0;

    private static final long TICK_NS = 1_000_000;
    private static final int UNWANTED = 50; // ticks, after which it stands still

    private final ThreadFactory threads;
    private final AtomicBoolean running = new AtomicBoolean();
    private volatile boolean wanted;
    private volatile long now = NONE;
    private long last = NONE; // belongs to the thread that ticks, as the next one does: no tick comes twice
    private int unwanted;

    /** @param threads makes the thread that ticks, each time anew */
    public Ticks(ThreadFactory threads) {
        this.threads = threads;
    }

    /** The present tick, {@link #NONE} while it stands still. */
    long now() {
        return now;
    }

    /** Lets it tick for a while; to be said again and again by who wants it to. */
    void want() {
        if (!wanted) {
            wanted = true;
        }
        if (!running.get() && running.compareAndSet(false, true)) {
            begin();
        }
    }

    private void begin() {
        boolean begun = false;
        try {
            threads.newThread(this::run).start();
            begun = true;
        } catch (OutOfMemoryError noThread) {
            return; // whoever wants it says so again
        } finally {
            if (!begun) {
                running.set(false);
            }
        }
    }

    private void run() {
        unwanted = 0;
        while (tick()) {
            LockSupport.parkNanos(TICK_NS);
        }
        running.set(false);
    }

    /** One tick; false if it was the last one. */
    boolean tick() {
        unwanted = wanted ? 0 : unwanted + 1;
        wanted = false;
        boolean goesOn = unwanted < UNWANTED;
        now = goesOn ? ++last : NONE;
        return goesOn;
    }
}
