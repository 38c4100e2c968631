package io.peal.bus.spi;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * A number that changes about every millisecond as long as somebody wants it to: who keeps a time for a while sees by one load of
 * memory that it is old. It stands still otherwise, and costs nothing then. Thread-safe.
 */
public final class Ticks {

    /** What {@link #now} says while it stands still. */
    static final int NONE = 0;

    private static final int UNWANTED = 50; // ticks, after which it stands still

    private final Consumer<Runnable> inAMillisecond;
    private final Runnable tick = this::tick;
    private final AtomicBoolean running = new AtomicBoolean();
    private volatile boolean wanted;
    private volatile int count = NONE;
    private int unwanted; // belongs to the thread that ticks

    /** @param inAMillisecond runs a task about a millisecond later, on another thread; it need not run one any more when nothing is published */
    public Ticks(Consumer<Runnable> inAMillisecond) {
        this.inAMillisecond = inAMillisecond;
    }

    /** The present tick, {@link #NONE} while it stands still. */
    int now() {
        return count;
    }

    /** Lets it tick for a while; to be said again and again by who wants it to. */
    void want() {
        if (!wanted) {
            wanted = true;
        }
        if (!running.get() && running.compareAndSet(false, true)) {
            inAMillisecond.accept(tick);
        }
    }

    private void tick() {
        unwanted = wanted ? 0 : unwanted + 1;
        wanted = false;
        if (unwanted < UNWANTED) {
            int next = count + 1;
            count = next == NONE ? next + 1 : next;
            inAMillisecond.accept(tick);
        } else {
            unwanted = 0;
            count = NONE; // first: from now on nobody keeps a time
            running.set(false);
        }
    }
}
