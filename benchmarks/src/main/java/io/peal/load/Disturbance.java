package io.peal.load;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.HdrHistogram.Histogram;

/**
 * Kills every replica in turn with SIGKILL, then has every one drained in turn with SIGTERM, then begins again, one each few
 * seconds. Before the next it waits until the one before serves again, and until the clients are all back. Runs on its own
 * thread; the histogram is read when it has stopped.
 */
final class Disturbance implements Runnable {

    private static final Duration BACK_LIMIT = Duration.ofSeconds(30);
    private static final long LOOK_AGAIN_NS = 5_000_000;

    private final Replicas replicas;
    private final int count;
    private final Listeners listeners;
    private final int clients;
    private final Duration interval;
    private final Duration duration;
    private final AtomicInteger drains = new AtomicInteger();
    private final AtomicInteger kills = new AtomicInteger();
    private final Histogram absenceNs = new Histogram(TimeUnit.MINUTES.toNanos(10), 3);
    private volatile String failure = "";

    Disturbance(Replicas replicas, int count, Listeners listeners, int clients, Duration interval, Duration duration) {
        this.replicas = replicas;
        this.count = count;
        this.listeners = listeners;
        this.clients = clients;
        this.interval = interval;
        this.duration = duration;
    }

    @Override
    public void run() {
        long start = System.nanoTime();
        try {
            waitUntil(start + interval.toNanos());
            for (int i = 0; System.nanoTime() - start < duration.toNanos(); i++) {
                long next = System.nanoTime() + interval.toNanos();
                disturb(1 + i % count, i / count % 2 == 0);
                waitUntil(next);
            }
        } catch (IllegalStateException e) {
            failure = String.valueOf(e.getMessage());
        }
    }

    /** Replicas that were asked to go, and are back. */
    int drains() {
        return drains.get();
    }

    /** Replicas that were killed, and are back. */
    int kills() {
        return kills.get();
    }

    /** How long it took after each of these until the last client was subscribed again. */
    Histogram absenceNs() {
        return absenceNs;
    }

    /** What kept it from going on, or nothing. */
    String failure() {
        return failure;
    }

    private void disturb(int number, boolean forcibly) {
        Map<Integer, Long> before = replicas.awaitAll(Map.of(), BACK_LIMIT);
        long pid = before.getOrDefault(number, -1L);
        ProcessHandle process = ProcessHandle.of(pid)
                .orElseThrow(() -> new IllegalStateException("replica " + number + " has no process " + pid));
        int reconnects = listeners.reconnects();
        long toldNs = System.nanoTime();
        boolean told = forcibly ? process.destroyForcibly() : process.destroy();
        if (!told) {
            throw new IllegalStateException("process " + pid + " cannot be signalled");
        }
        replicas.awaitAll(Map.of(number, pid), BACK_LIMIT);
        await(() -> listeners.connected() == clients);
        if (forcibly && listeners.reconnects() > reconnects) {
            absenceNs.recordValue(Math.max(0, listeners.lastBackNs() - toldNs));
        }
        (forcibly ? kills : drains).incrementAndGet();
    }

    private void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + BACK_LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        "only " + listeners.connected() + " of " + clients + " clients are back after " + BACK_LIMIT);
            }
            LockSupport.parkNanos(LOOK_AGAIN_NS);
        }
    }

    private static void waitUntil(long deadline) {
        for (long left = deadline - System.nanoTime(); left > 0; left = deadline - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
