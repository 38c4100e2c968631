package io.peal.bus.file;

import org.jspecify.annotations.Nullable;

/**
 * A data segment's file, as its name tells.
 *
 * @param number the segment's number in its writer's log
 */
record DataFile(int writerId, long number) {

    private static final char SEPARATOR = '-';
    private static final int MAX_DIGITS = 18; // that fit into a long

    String name() {
        return writerId + "" + SEPARATOR + number;
    }

    /** The segment of a name, or null if no writer gives its segments such a name. */
    static @Nullable DataFile of(String name) {
        int separator = name.indexOf(SEPARATOR);
        long writerId = decimal(name, 0, separator);
        long number = decimal(name, separator + 1, name.length());
        boolean valid = writerId > 0 && writerId <= Descriptor.MAX_WRITER_ID && number >= 0;
        return valid ? new DataFile((int) writerId, number) : null;
    }

    /** The number between two places, -1 if there is none as a writer would write it. */
    private static long decimal(String name, int from, int to) {
        boolean plausible = from < to && to - from <= MAX_DIGITS && (name.charAt(from) != '0' || to == from + 1);
        long number = 0;
        for (int i = from; i < to && plausible; i++) {
            int digit = name.charAt(i) - '0';
            plausible = digit >= 0 && digit <= 9;
            number = number * 10 + digit;
        }
        return plausible ? number : -1;
    }
}
