package io.peal.bus.file;

/**
 * The lengths a bus is made with, the same for all of its replicas.
 *
 * @param indexSlotsLog2 the logarithm of the number of slots of an index segment
 * @param dataSegmentLength the length of a data segment in bytes
 */
record Geometry(int indexSlotsLog2, int dataSegmentLength) {

    static final int MIN_INDEX_SLOTS_LOG2 = 6;
    static final int MAX_INDEX_SLOTS_LOG2 = 24;
    static final int MIN_DATA_SEGMENT_LENGTH = 64 * 1024;
    static final int MAX_DATA_SEGMENT_LENGTH = 1 << 30;

    private static final int MOST_BESIDE_PAYLOAD = 4 * 1024; // of a record

    /** Whether such a bus can be: to be asked of numbers that come from a file. */
    boolean isSane() {
        return indexSlotsLog2 >= MIN_INDEX_SLOTS_LOG2
                && indexSlotsLog2 <= MAX_INDEX_SLOTS_LOG2
                && dataSegmentLength >= MIN_DATA_SEGMENT_LENGTH
                && dataSegmentLength <= MAX_DATA_SEGMENT_LENGTH
                && Integer.bitCount(dataSegmentLength) == 1;
    }

    int indexSlots() {
        return 1 << indexSlotsLog2;
    }

    /** A quarter of a segment, so that no record wastes more than a quarter by not fitting behind the others. */
    int maxPayloadLength() {
        return dataSegmentLength / 4 - MOST_BESIDE_PAYLOAD;
    }

    /** How much of a segment is reserved at once, so that no run of records wastes more. */
    int maxRunLength() {
        return dataSegmentLength / 4;
    }
}
