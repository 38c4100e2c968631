package io.peal.benchmarks;

import io.peal.fanout.EventLoop;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;

/** An event loop whose tasks are run by the thread of the benchmark. What is to be run later is not. */
final class EmbeddedLoop implements EventLoop {

    private final Thread thread = Thread.currentThread();
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();

    @Override
    public boolean inLoop() {
        return Thread.currentThread() == thread;
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    @Override
    public void schedule(Runnable task, Duration delay) {
        // heartbeats and limits are not what is measured
    }

    /** Runs the next task, as soon as there is one. */
    void awaitTask() {
        Runnable task = tasks.poll();
        while (task == null) {
            Thread.onSpinWait();
            task = tasks.poll();
        }
        task.run();
    }

    /** Runs what is there. */
    void runAll() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }
}
