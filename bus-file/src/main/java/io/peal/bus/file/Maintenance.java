package io.peal.bus.file;

import io.peal.bus.ErrorHandler;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/** The one background thread of a bus: what can be done before it is needed is done here. Thread-safe. */
final class Maintenance implements AutoCloseable {

    private final ExecutorService thread;
    private final ErrorHandler errorHandler;

    Maintenance(String threadName, ErrorHandler errorHandler) {
        this.errorHandler = errorHandler;
        this.thread = Executors.newSingleThreadExecutor(task -> {
            Thread maintenance = new Thread(task, threadName);
            maintenance.setDaemon(true);
            return maintenance;
        });
    }

    /** Runs a task soon; not at all when the bus is being closed. */
    void execute(Runnable task) {
        try {
            thread.execute(() -> run(task));
        } catch (RejectedExecutionException closing) {
            return; // what was to be prepared is not needed any more
        }
    }

    private void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            errorHandler.onError(e);
        }
    }

    /** Lets the running task end, and drops the others. */
    @Override
    public void close() {
        thread.shutdownNow();
    }
}
