package io.peal.bus.spi;

import java.util.function.LongSupplier;

/**
 * A {@link WallClock} as a thread reads it that may ask for millions of times a second: if it does so for a while, one reading serves
 * for several of them, because reading the machine's clock takes a quarter of what publishing a short message does. Belongs to
 * one thread.
 *
 * <p>How many times is learned from how long the last ones took together, so that they stay within about a microsecond, which is what the
 * time is told in. The first ones after that thread has paused may be told an older time; it is never from before the last
 * {@linkplain Ticks tick}. Unless the system's clock does, the time never goes back.
 */
public final class BurstClock {

    private static final long PAUSE_NS = 4_000;
    private static final long TOGETHER_NS = 700; // of what shares a reading, so that most of it is within a microsecond
    private static final int MOST_TIMES = 16;
    private static final int LONG_ENOUGH = 4_096; // readings without a pause between them, to be taken for a burst
    private static final int MOST_CREDIT = 2 * LONG_ENOUGH;
    private static final int COST_OF_PAUSE = 64;

    private final WallClock clock;
    private final Ticks ticks;
    private final LongSupplier nanoTime;
    private long readAtNs;
    private long readAtTick;
    private long us;
    private int credit; // for readings without a pause; each pause takes some of it
    private int times = 1; // that this reading is meant for
    private int left;

    /** One that shows the time of {@code clock}. */
    public BurstClock(WallClock clock, Ticks ticks) {
        this(clock, ticks, System::nanoTime);
    }

    /** One that reads another clock than the machine's monotonic one. */
    BurstClock(WallClock clock, Ticks ticks, LongSupplier nanoTime) {
        this.clock = clock;
        this.ticks = ticks;
        this.nanoTime = nanoTime;
        this.readAtNs = nanoTime.getAsLong() - PAUSE_NS;
    }

    /** The time now, in microseconds since 1970-01-01T00:00Z. */
    public long nowUs() {
        if (left > 0 && readAtTick == ticks.now()) {
            left--;
        } else {
            read();
        }
        return us;
    }

    private void read() {
        readAtTick = ticks.now(); // before the time: so that is not older
        long now = nanoTime.getAsLong();
        long took = left == 0 ? now - readAtNs : PAUSE_NS;
        readAtNs = now;
        us = clock.atUs(now);
        times = timesWhenLastTook(took);
        left = times - 1;
    }

    private int timesWhenLastTook(long took) {
        if (took >= PAUSE_NS) {
            credit = Math.max(0, credit - COST_OF_PAUSE);
            return 1;
        }
        credit = Math.min(credit + 1, MOST_CREDIT);
        if (credit < LONG_ENOUGH) {
            return 1;
        }
        long fitting = times * TOGETHER_NS / Math.max(1, took);
        if (fitting <= 1) {
            return 1;
        }
        ticks.want();
        return readAtTick == Ticks.NONE ? 1 : (int) Math.min(fitting, MOST_TIMES);
    }
}
