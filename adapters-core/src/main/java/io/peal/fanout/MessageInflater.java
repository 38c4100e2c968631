package io.peal.fanout;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Brings compressed messages back (RFC 7692 section 7.2.2), each by itself, for adapters. Belongs to one thread; what it
 * returns is good until the next call.
 */
public final class MessageInflater {

    /** Why a message is refused. */
    public enum Failure {
        /** It would be longer than is allowed: 1009. */
        TOO_LONG,
        /** It is no compressed message, or one that refers to an earlier one: 1007. */
        BROKEN
    }

    /** A message that cannot be brought back. */
    public static final class InflateException extends Exception {

        private static final long serialVersionUID = 1L;

        private final Failure failure;

        InflateException(Failure failure) {
            super(failure.name(), null, false, false);
            this.failure = failure;
        }

        /** Why. */
        public Failure failure() {
            return failure;
        }
    }

    private static final byte[] TAIL = {0, 0, (byte) 0xff, (byte) 0xff};
    private static final int FIRST_LENGTH = 16 * 1024;
    private static final int KEPT_LENGTH = 128 * 1024;

    private final Inflater inflater = new Inflater(true);
    private byte[] output = new byte[FIRST_LENGTH];
    private int length;

    /**
     * The message that was compressed.
     *
     * @param maxLength the most bytes it may have
     */
    public ByteBuffer inflate(ByteBuffer payload, int maxLength) throws InflateException {
        if (output.length > KEPT_LENGTH) {
            output = new byte[FIRST_LENGTH];
        }
        length = 0;
        inflater.reset();
        try {
            inflater.setInput(payload);
            drain(maxLength);
            inflater.setInput(TAIL);
            drain(maxLength);
        } catch (DataFormatException e) {
            throw new InflateException(Failure.BROKEN);
        }
        return ByteBuffer.wrap(output, 0, length);
    }

    private void drain(int maxLength) throws DataFormatException, InflateException {
        while (true) {
            if (length == output.length) {
                output = Arrays.copyOf(output, output.length * 2);
            }
            int count = inflater.inflate(output, length, output.length - length);
            length += count;
            if (length > maxLength) {
                throw new InflateException(Failure.TOO_LONG);
            }
            if (count == 0) {
                if (inflater.needsDictionary()) {
                    throw new InflateException(Failure.BROKEN);
                }
                return;
            }
        }
    }
}
