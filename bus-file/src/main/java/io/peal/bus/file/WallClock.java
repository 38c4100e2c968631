package io.peal.bus.file;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * The time of day in microseconds, read from the monotonic clock, which is cheaper to read. It follows steps of the
 * system's clock when it is {@linkplain #adjust adjusted}. Thread-safe.
 */
final class WallClock {

    private volatile long offsetNs = offset();

    long nowUs() {
        return (System.nanoTime() + offsetNs) / 1_000;
    }

    void adjust() {
        offsetNs = offset();
    }

    private static long offset() {
        long us = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        return us * 1_000 - System.nanoTime();
    }
}
