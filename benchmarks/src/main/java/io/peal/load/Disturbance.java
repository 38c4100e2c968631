package io.peal.load;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Restarts every replica in turn with SIGTERM, then kills one with SIGKILL, spread over the run; each time it waits until
 * the replica is back. Runs on its own thread.
 */
final class Disturbance implements Runnable {

    private static final Duration BACK_LIMIT = Duration.ofSeconds(30);

    private final Replicas replicas;
    private final int count;
    private final long pauseNs;
    private final AtomicInteger restarts = new AtomicInteger();
    private final AtomicInteger kills = new AtomicInteger();
    private volatile String failure = "";

    Disturbance(Replicas replicas, int count, int seconds) {
        this.replicas = replicas;
        this.count = count;
        this.pauseNs = TimeUnit.SECONDS.toNanos(seconds) / (count + 2);
    }

    @Override
    public void run() {
        long start = System.nanoTime();
        try {
            for (int number = 1; number <= count; number++) {
                waitUntil(start + number * pauseNs);
                disturb(number, false);
                restarts.incrementAndGet();
            }
            waitUntil(start + (count + 1) * pauseNs);
            disturb(1, true);
            kills.incrementAndGet();
        } catch (IllegalStateException e) {
            failure = String.valueOf(e.getMessage());
        }
    }

    /** Restarts that are complete. */
    int restarts() {
        return restarts.get();
    }

    /** Kills after which the replica is back. */
    int kills() {
        return kills.get();
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
        boolean told = forcibly ? process.destroyForcibly() : process.destroy();
        if (!told) {
            throw new IllegalStateException("process " + pid + " cannot be signalled");
        }
        replicas.awaitAll(Map.of(number, pid), BACK_LIMIT);
    }

    private static void waitUntil(long deadline) {
        for (long left = deadline - System.nanoTime(); left > 0; left = deadline - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
