package io.peal.bus;

import org.jspecify.annotations.Nullable;

/** The environment refuses something. The message says what happened, to what, and what to do next. */
public class BusException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Refused, without an underlying exception. */
    public BusException(String message) {
        super(message);
    }

    /** Refused because of {@code cause}. */
    public BusException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
