package io.peal.bus.file;

import io.peal.bus.BusException;
import org.jspecify.annotations.Nullable;

/**
 * A file is gone, or is not what its name says. Whatever else may go wrong with a file can pass (there is no file descriptor
 * left, for example, or no memory), so nobody may conclude from it that something is lost.
 */
final class DamagedFileException extends BusException {

    private static final long serialVersionUID = 1L;

    DamagedFileException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
