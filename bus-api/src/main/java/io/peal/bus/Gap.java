package io.peal.bus;

/**
 * A range of positions that cannot be delivered, with both ends known.
 *
 * @param first the first position that is missing
 * @param last the last position that is missing, not before {@code first}
 */
public record Gap(long first, long last) {

    /** @throws IllegalArgumentException if the range is empty or begins before position 1 */
    public Gap {
        if (first < 1 || last < first) {
            throw new IllegalArgumentException("not a range of positions: " + first + " to " + last);
        }
    }

    /** How many positions are missing. */
    public long count() {
        return last - first + 1;
    }
}
