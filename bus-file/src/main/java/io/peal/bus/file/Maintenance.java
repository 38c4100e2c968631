package io.peal.bus.file;

import io.peal.bus.ErrorHandler;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The one background thread of a bus: what can be done before it is needed is done here. Thread-safe. */
final class Maintenance implements AutoCloseable {

    private static final long TIME_TO_END_MS = 5_000;

    private final ScheduledThreadPoolExecutor thread;
    private final ErrorHandler errorHandler;

    Maintenance(String threadName, ErrorHandler errorHandler) {
        this.errorHandler = errorHandler;
        this.thread = new ScheduledThreadPoolExecutor(1, task -> {
            Thread maintenance = new Thread(task, threadName);
            maintenance.setDaemon(true);
            return maintenance;
        });
        this.thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** Runs a task soon; not at all when the bus is being closed. */
    void execute(Runnable task) {
        try {
            thread.execute(() -> run(task));
        } catch (RejectedExecutionException closing) {
            return; // what was to be prepared is not needed any more
        }
    }

    /** Runs a task again and again, with this pause between an end and the next beginning. */
    void repeat(Runnable task, long pauseMs) {
        thread.scheduleWithFixedDelay(() -> run(task), pauseMs, pauseMs, TimeUnit.MILLISECONDS);
    }

    private void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) { // an Error of a mapped file that was truncated must not end the thread
            errorHandler.onError(e);
        }
    }

    /** Lets what has begun come to its end, and waits for it, but not for ever. */
    @Override
    public void close() {
        thread.getQueue().clear();
        thread.shutdown();
        try {
            if (!thread.awaitTermination(TIME_TO_END_MS, TimeUnit.MILLISECONDS)) {
                thread.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
