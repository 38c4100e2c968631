package io.peal.bus.file;

/**
 * How much of the log is kept.
 *
 * @param length the most bytes of data segments that are kept, apart from those still being filled
 * @param ageMs how old a message may become, 0 for any age
 */
record Retention(long length, long ageMs) {

    static final long DEFAULT_LENGTH = 256L << 20;
}
