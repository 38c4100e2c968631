package io.peal.bus.file;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.function.LongSupplier;

/**
 * The time of day in microseconds, read from the monotonic clock, which is cheaper to read. It follows steps of the
 * system's clock when it is {@linkplain #adjust adjusted}. Thread-safe.
 */
final class WallClock {

    private final LongSupplier systemUs;
    private volatile long offsetNs;

    WallClock() {
        this(() -> ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()));
    }

    /** One that follows another clock than the system's. */
    WallClock(LongSupplier systemUs) {
        this.systemUs = systemUs;
        this.offsetNs = offset();
    }

    long nowUs() {
        return (System.nanoTime() + offsetNs) / 1_000;
    }

    void adjust() {
        offsetNs = offset();
    }

    private long offset() {
        return systemUs.getAsLong() * 1_000 - System.nanoTime();
    }
}
