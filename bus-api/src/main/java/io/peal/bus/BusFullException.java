package io.peal.bus;

import org.jspecify.annotations.Nullable;

/** There is no room for another message; nothing was published, and readers are not affected. */
public class BusFullException extends BusException {

    private static final long serialVersionUID = 1L;

    /** No room, because of {@code cause}. */
    public BusFullException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** What is full, and what to do. */
    public BusFullException(String message) {
        super(message);
    }
}
