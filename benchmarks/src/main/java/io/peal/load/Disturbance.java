package io.peal.load;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.HdrHistogram.Histogram;

/**
 * Takes replicas down at a fixed pace, one after the other: all in turn with SIGKILL, then all in turn with SIGTERM, and so
 * on, or with only one of these. If there is a media driver, it is killed after each turn. It waits for nobody but for the replica whose turn it is to serve again. Runs on its own
 * thread; the histogram is read when it has stopped.
 */
final class Disturbance implements Runnable {

    /** What is done to replicas. */
    enum Kind {
        KILL,
        DRAIN,
        BOTH
    }

    private static final Duration BACK_LIMIT = Duration.ofSeconds(30);
    private static final long LOOK_AGAIN_NS = 2_000_000;

    private final Replicas replicas;
    private final int count;
    private final Kind kind;
    private final BooleanSupplier allBack; // whether every client is connected
    private final Duration interval;
    private final Duration duration;
    private final Map<Integer, Long> pids = new HashMap<>(); // of the processes that were told to go
    private final AtomicInteger drains = new AtomicInteger();
    private final AtomicInteger kills = new AtomicInteger();
    private final AtomicInteger driverKills = new AtomicInteger();
    private final boolean hasDriver;
    private final Histogram absenceNs = new Histogram(TimeUnit.MINUTES.toNanos(10), 3);
    private volatile String failure = "";

    Disturbance(
            Replicas replicas,
            int count,
            boolean hasDriver,
            Kind kind,
            BooleanSupplier allBack,
            Duration interval,
            Duration duration) {
        this.hasDriver = hasDriver;
        this.replicas = replicas;
        this.count = count;
        this.kind = kind;
        this.allBack = allBack;
        this.interval = interval;
        this.duration = duration;
    }

    @Override
    public void run() {
        long end = System.nanoTime() + duration.minus(interval).toNanos();
        try {
            long next = System.nanoTime() + interval.toNanos();
            waitUntil(next);
            for (int i = 0; System.nanoTime() - end < 0; i++) {
                next += interval.toNanos();
                int turn = hasDriver ? count + 1 : count;
                boolean forcibly = kind == Kind.KILL || (kind == Kind.BOTH && i / turn % 2 == 0);
                if (i % turn == count) {
                    killDriver();
                } else {
                    disturb(1 + i % turn, forcibly);
                    noteAbsence(forcibly, next);
                }
                waitUntil(next);
                next = Math.max(next, System.nanoTime()); // who is late does not hurry
            }
        } catch (IllegalStateException e) {
            failure = String.valueOf(e.getMessage());
        }
    }

    /** How many replicas were asked to go. */
    int drains() {
        return drains.get();
    }

    /** How many replicas were killed. */
    int kills() {
        return kills.get();
    }

    /** How often the media driver was killed. */
    int driverKills() {
        return driverKills.get();
    }

    /** How long it took after a kill until every client was subscribed again; of those kills where that was before the next. */
    Histogram absenceNs() {
        return absenceNs;
    }

    /** What kept it from going on, or nothing. */
    String failure() {
        return failure;
    }

    private void disturb(int number, boolean forcibly) {
        long pid = replicas.await(number, pids.getOrDefault(number, 0L), BACK_LIMIT);
        ProcessHandle process = ProcessHandle.of(pid)
                .orElseThrow(() -> new IllegalStateException("replica " + number + " has no process " + pid));
        boolean told = forcibly ? process.destroyForcibly() : process.destroy();
        if (!told) {
            throw new IllegalStateException("process " + pid + " cannot be signalled");
        }
        pids.put(number, pid);
        (forcibly ? kills : drains).incrementAndGet();
    }

    private void killDriver() {
        ProcessHandle driver =
                replicas.driver().orElseThrow(() -> new IllegalStateException("there is no media driver to kill"));
        driver.destroyForcibly();
        driverKills.incrementAndGet();
    }

    private void noteAbsence(boolean forcibly, long until) {
        long toldNs = System.nanoTime();
        boolean wereAway = false;
        while (System.nanoTime() - until < 0) {
            boolean back = allBack.getAsBoolean();
            if (wereAway && back && forcibly) {
                absenceNs.recordValue(System.nanoTime() - toldNs);
                return;
            }
            wereAway |= !back;
            LockSupport.parkNanos(LOOK_AGAIN_NS);
        }
    }

    private static void waitUntil(long deadline) {
        for (long left = deadline - System.nanoTime(); left > 0; left = deadline - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
