package io.peal.bus.file;

/**
 * The bytes of an index segment: a header, then a slot for each position. Little-endian.
 *
 * <pre>
 *     0  i64  magic          8  i32  major version     12  i32  log2 of the number of slots
 *    16  i64  bus id, high  24  i64  bus id, low       32  i64  segment number
 *    40  i32  CRC-32C of bytes 0 to 39
 *  4096  i64  slot 0, slot 1, ...: a {@link Descriptor}, or the segment number while the position is free
 * </pre>
 */
final class IndexLayout {

    static final int HEADER_LENGTH = 4096;
    static final long MAGIC = 0x58444e49_4c414550L; // "PEALINDX"

    static final int MAGIC_AT = 0;
    static final int MAJOR_AT = 8;
    static final int SLOTS_LOG2_AT = 12;
    static final int BUS_ID_HIGH_AT = 16;
    static final int BUS_ID_LOW_AT = 24;
    static final int SEGMENT_NUMBER_AT = 32;
    static final int CRC_AT = 40;

    private IndexLayout() {}

    static int slotAt(int slot) {
        return HEADER_LENGTH + slot * Long.BYTES;
    }

    static int length(int slotsLog2) {
        return slotAt(1 << slotsLog2);
    }
}
