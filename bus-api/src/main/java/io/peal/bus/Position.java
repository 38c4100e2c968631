package io.peal.bus;

import org.jspecify.annotations.Nullable;

/**
 * A place in one life of a bus; its text form is the resume token that clients keep.
 *
 * <p>The epoch makes a number decidable: after the log was lost and begun anew, position 500 of the old log and of the
 * new one are different places, and resuming across them is refused instead of being wrong.
 *
 * @param epoch identity of one life of a bus, drawn at random
 * @param value the place; 0 is before the first message
 */
public record Position(long epoch, long value) {

    private static final int EPOCH_DIGITS = 16;

    /** @throws IllegalArgumentException if the value is negative */
    public Position {
        if (value < 0) {
            throw new IllegalArgumentException("a position is not negative: " + value);
        }
    }

    /**
     * The position whose {@link #toString()} this is.
     *
     * @throws IllegalArgumentException if it is not one
     */
    public static Position parse(String token) {
        int valueAt = EPOCH_DIGITS + 1;
        int length = token.length();
        if (length > valueAt && length <= valueAt + 19 && token.charAt(EPOCH_DIGITS) == '-') {
            if (consistsOf(token, 0, EPOCH_DIGITS, 16) && consistsOf(token, valueAt, length, 10)) {
                try {
                    long epoch = Long.parseUnsignedLong(token, 0, EPOCH_DIGITS, 16);
                    return new Position(epoch, Long.parseLong(token, valueAt, length, 10));
                } catch (NumberFormatException e) {
                    throw notAToken(e);
                }
            }
        }
        throw notAToken(null);
    }

    /** The resume token: the epoch as 16 lower-case hexadecimal digits, a hyphen, the value as a decimal number. */
    @Override
    public String toString() {
        return String.format("%016x-%d", epoch, value);
    }

    private static boolean consistsOf(String text, int from, int to, int radix) {
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (c > 'f' || Character.digit(c, radix) < 0 || Character.isUpperCase(c)) {
                return false;
            }
        }
        return true;
    }

    private static IllegalArgumentException notAToken(@Nullable Exception cause) {
        return new IllegalArgumentException(
                "not a resume token: expected 16 hexadecimal digits, a hyphen and a decimal number", cause);
    }
}
