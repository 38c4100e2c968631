package io.peal.bus.aeron;

import io.peal.bus.BusException;

/** What somebody has to change before this replica can take part: waiting does not help. */
final class UnfitException extends BusException {

    private static final long serialVersionUID = 1L;

    UnfitException(String message) {
        super(message);
    }
}
