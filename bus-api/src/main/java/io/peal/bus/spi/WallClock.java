package io.peal.bus.spi;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.function.LongSupplier;

/**
 * The time of day in microseconds, read from the monotonic clock, which is cheaper to read. It follows steps of the
 * system's clock when it is {@linkplain #adjust adjusted}. Thread-safe.
 */
public final class WallClock {

    private final LongSupplier systemUs;
    private volatile long offsetNs;

    /** One that follows the system's clock. */
    public WallClock() {
        this(() -> ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()));
    }

    /** One that follows another clock than the system's. */
    public WallClock(LongSupplier systemUs) {
        this.systemUs = systemUs;
        this.offsetNs = offset();
    }

    /** The time now, in microseconds since 1970-01-01T00:00Z. */
    public long nowUs() {
        return atUs(System.nanoTime());
    }

    /** The time when {@link System#nanoTime()} was {@code nanoTime}. */
    public long atUs(long nanoTime) {
        return (nanoTime + offsetNs) / 1_000;
    }

    /** Follows the system's clock; to be called every now and then. */
    public void adjust() {
        offsetNs = offset();
    }

    private long offset() {
        return systemUs.getAsLong() * 1_000 - System.nanoTime();
    }
}
