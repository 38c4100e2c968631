package io.peal.bus;

import org.slf4j.LoggerFactory;

/** Where everything goes that happens on the library's own threads, where no caller could catch it. */
@FunctionalInterface
public interface ErrorHandler {

    /** Called in the thread where it happened. What this throws is dropped. */
    void onError(Throwable error);

    /** This one, but what it throws is dropped: what buses and fanouts make of one that they are given. */
    default ErrorHandler guarded() {
        return error -> {
            try {
                onError(error);
            } catch (RuntimeException | Error dropped) {
                return;
            }
        };
    }

    /** Logs each error with its stack through slf4j: the default. */
    static ErrorHandler logging() {
        return error ->
                LoggerFactory.getLogger(Bus.class).error("in a thread of the bus: {}", error.getMessage(), error);
    }
}
