package io.peal.bus.file;

/**
 * What an index slot says about its position: one 64-bit word.
 *
 * <pre>
 *  63 62 61                    40 39                                     0
 * +-----+------------------------+----------------------------------------+
 * |kind |       writer id        |      offset of the record, in 64 B     |
 * +-----+------------------------+----------------------------------------+
 * </pre>
 *
 * The kind is 1 for a record and 2 for a tombstone. It is 0 for a free slot, and the rest of that is the number of the index segment:
 * a segment's file is used again for a later one, and whoever still takes it for the earlier one finds no slot there that would be
 * free to him. The offset counts through all data segments of its writer: segment number times segment length plus the place inside.
 */
final class Descriptor {

    /** What {@link IndexSegment} says of a position that nothing was published to yet. */
    static final long EMPTY = 0;

    /** The slot of a position whose message was lost when the machine stopped. */
    static final long TOMBSTONE = 2L << 62;

    /** What {@link IndexSegment} says of zeros where they are no free slot: part of a file is missing. */
    static final long ZEROS = 3L << 62;

    static final int MAX_WRITER_ID = (1 << 22) - 1;

    private static final int KIND_SHIFT = 62;
    private static final long KIND_RECORD = 1;
    private static final int WRITER_SHIFT = 40;
    private static final long OFFSET_MASK = (1L << WRITER_SHIFT) - 1;
    private static final int OFFSET_UNIT_SHIFT = 6;

    private Descriptor() {}

    static long ofRecord(int writerId, long offset) {
        return (KIND_RECORD << KIND_SHIFT) | ((long) writerId << WRITER_SHIFT) | (offset >>> OFFSET_UNIT_SHIFT);
    }

    /** What a slot of an index segment holds while its position is free. */
    static long freeIn(long segmentNumber) {
        return segmentNumber & ~(3L << KIND_SHIFT);
    }

    static boolean isRecord(long descriptor) {
        return descriptor >>> KIND_SHIFT == KIND_RECORD;
    }

    static int writerId(long descriptor) {
        return (int) (descriptor >>> WRITER_SHIFT) & MAX_WRITER_ID;
    }

    /** For people. */
    static String describe(long descriptor) {
        return String.format("%016x: writer %d, offset %d", descriptor, writerId(descriptor), offset(descriptor));
    }

    static long offset(long descriptor) {
        return (descriptor & OFFSET_MASK) << OFFSET_UNIT_SHIFT;
    }
}
