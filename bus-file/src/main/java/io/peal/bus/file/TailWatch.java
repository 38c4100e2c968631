package io.peal.bus.file;

import io.peal.bus.Subscription;
import io.peal.bus.spi.WakeUps;
import java.util.concurrent.locks.LockSupport;

/**
 * The thread that notices that the log has grown and wakes whoever waits for that. It looks again and again, with pauses
 * that grow while nothing happens; while nobody waits it does not look at all.
 */
final class TailWatch implements AutoCloseable {

    private static final int SPINS = 50;
    private static final long FIRST_PAUSE_NS = 1_000;
    private static final long LONGEST_PAUSE_NS = 500_000;

    private final OrderLog log;
    private final WakeUps wakeUps;
    private final Thread thread;
    private volatile boolean closed;

    TailWatch(OrderLog log, WakeUps wakeUps, String threadName) {
        this.log = log;
        this.wakeUps = wakeUps;
        this.thread = new Thread(this::run, threadName);
        this.thread.setDaemon(true);
        this.thread.start();
    }

    /** Adds a hook; what was published a moment before may wake it, too. */
    Subscription add(Runnable wakeUp) {
        Subscription subscription = wakeUps.add(wakeUp);
        LockSupport.unpark(thread);
        return subscription;
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }

    private void run() {
        long seen = log.newest();
        int idle = 0;
        while (!closed) {
            if (wakeUps.isEmpty()) {
                LockSupport.park(this);
                continue;
            }
            long newest = log.newest();
            if (newest > seen) {
                seen = newest;
                idle = 0;
                wakeUps.wakeAll();
            } else {
                pause(idle++);
            }
        }
    }

    private void pause(int idle) {
        if (idle < SPINS) {
            Thread.onSpinWait();
        } else {
            int doublings = Math.min(idle - SPINS, 10);
            LockSupport.parkNanos(this, Math.min(FIRST_PAUSE_NS << doublings, LONGEST_PAUSE_NS));
        }
    }
}
