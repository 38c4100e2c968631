package io.peal.load.run;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Publishes at a rate that may change, on a schedule that does not wait for slow answers: a message carries the time when it was
 * due, so a delay before it is sent counts as latency, too. Runs on a thread of its own.
 */
final class LoadPublisher implements Runnable {

    private static final int MOST_IN_FLIGHT = 1_000;
    private static final long IDLE_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Publishing publishing;
    private final AtomicLong failures;
    private final Semaphore inFlight = new Semaphore(MOST_IN_FLIGHT);
    private volatile double rate; // messages a second; 0 for none
    private volatile boolean ended;

    LoadPublisher(Publishing publishing, AtomicLong failures) {
        this.publishing = publishing;
        this.failures = failures;
    }

    void rate(double messagesPerSecond) {
        rate = messagesPerSecond;
    }

    void end() {
        ended = true;
    }

    @Override
    public void run() {
        long fromNs = System.nanoTime();
        double dueNs = 0; // since then
        while (!ended) {
            double current = rate;
            long now = System.nanoTime() - fromNs;
            if (current <= 0) {
                dueNs = (double) now;
                LockSupport.parkNanos(IDLE_NS);
            } else if (dueNs > now) {
                LockSupport.parkNanos(Math.min(IDLE_NS, (long) dueNs - now));
            } else {
                publish(fromNs + (long) dueNs);
                dueNs += TimeUnit.SECONDS.toNanos(1) / current;
            }
        }
        inFlight.acquireUninterruptibly(MOST_IN_FLIGHT); // each fails after a while if there is no answer
        publishing.close();
    }

    private void publish(long dueNs) {
        inFlight.acquireUninterruptibly();
        publishing.publish(dueNs).whenComplete((result, failure) -> {
            inFlight.release();
            if (failure != null) {
                failures.incrementAndGet();
            }
        });
    }
}
