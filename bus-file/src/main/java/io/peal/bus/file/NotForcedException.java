package io.peal.bus.file;

import io.peal.bus.BusException;

/**
 * The system could not write something to the disk. It may have forgotten what that was, and say the next time that all is
 * written: nothing that is forced after this can be relied on.
 */
final class NotForcedException extends BusException {

    private static final long serialVersionUID = 1L;

    NotForcedException(String message, Throwable cause) {
        super(message, cause);
    }
}
