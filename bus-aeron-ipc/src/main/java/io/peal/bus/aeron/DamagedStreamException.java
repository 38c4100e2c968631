package io.peal.bus.aeron;

import io.peal.bus.BusException;

/** The memory of a stream is gone, or is none. Whatever else goes wrong with its file can pass. */
final class DamagedStreamException extends BusException {

    private static final long serialVersionUID = 1L;

    DamagedStreamException(String message, Throwable cause) {
        super(message, cause);
    }
}
