package io.peal.fanout.jetty;

import io.peal.fanout.EventLoop;
import java.time.Duration;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that runs one task after the other: the event loop of a shard on a server that has none of its own to lend.
 * Thread-safe.
 */
final class WorkerLoop implements EventLoop {

    /*
     * Sleeping. The thread says that it will sleep, then looks for a task once more, then sleeps; who brings a task puts it
     * into the queue first, then looks whether the thread sleeps, and wakes it. Both fields are volatile, so one of the two
     * sees what the other did, and no task waits beside a thread that sleeps.
     */

    private static final Logger LOGGER = LoggerFactory.getLogger(WorkerLoop.class);

    private static final Duration LINGER = Duration.ofSeconds(5);

    private record Later(long atNs, long order, Runnable task) implements Comparable<Later> {

        @Override
        public int compareTo(Later other) {
            int byTime = Long.signum(atNs - other.atNs);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final PriorityQueue<Later> later = new PriorityQueue<>(); // the thread's own
    private final Thread thread;
    private long scheduled; // the thread's own: orders what is due at the same time
    private volatile boolean asleep;
    private boolean ended; // the thread's own
    private long endsAtNs; // the thread's own: set when it has seen the end

    WorkerLoop(String name) {
        thread = new Thread(this::run, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public boolean inLoop() {
        return Thread.currentThread() == thread;
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        if (asleep) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void schedule(Runnable task, Duration delay) {
        long atNs = System.nanoTime() + delay.toNanos();
        if (inLoop()) {
            later.add(new Later(atNs, scheduled++, task));
        } else {
            execute(() -> later.add(new Later(atNs, scheduled++, task)));
        }
    }

    /** The thread stays for a while: a client whose upgrade was accepted just before still has to be turned away. */
    @Override
    public void end() {
        execute(() -> {
            ended = true;
            endsAtNs = System.nanoTime() + LINGER.toNanos();
        });
    }

    private void run() {
        while (true) {
            Runnable task = next();
            if (task != null) {
                run(task);
            } else if (ended && System.nanoTime() - endsAtNs >= 0) {
                return;
            } else {
                sleep();
            }
        }
    }

    /** What is due, or has come; null if nothing is. */
    private @Nullable Runnable next() {
        Later first = later.peek();
        if (first != null && first.atNs - System.nanoTime() <= 0) {
            later.remove();
            return first.task;
        }
        return tasks.poll();
    }

    @SuppressWarnings("CatchingUnchecked") // the top of a loop of ours: what a task throws must not end the thread
    private static void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable e) {
            LOGGER.error("a task of an event loop failed", e);
        } finally {
            Thread.interrupted(); // an interrupt that stays would close the next socket that is written to
        }
    }

    private void sleep() {
        asleep = true;
        if (tasks.isEmpty()) {
            Later first = later.peek();
            if (ended) {
                LockSupport.parkNanos(this, endsAtNs - System.nanoTime());
            } else if (first == null) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, first.atNs - System.nanoTime());
            }
        }
        asleep = false;
    }
}
