package io.peal.bus.file;

import io.peal.bus.BusException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.UUID;

/** One segment of the shared index, mapped. Thread-safe: a slot changes once, from empty to a descriptor. */
final class IndexSegment {

    private final ByteBuffer memory;
    private final long number;
    private final int slotsLog2;

    IndexSegment(ByteBuffer memory, long number, int slotsLog2) {
        this.memory = memory;
        this.number = number;
        this.slotsLog2 = slotsLog2;
    }

    static IndexSegment map(Path file, UUID busId, long number, int slotsLog2) {
        return checked(SegmentFiles.map(file, IndexLayout.length(slotsLog2)), file, busId, number, slotsLog2);
    }

    static IndexSegment mapReadOnly(Path file, UUID busId, long number, int slotsLog2) {
        return checked(SegmentFiles.mapReadOnly(file, IndexLayout.length(slotsLog2)), file, busId, number, slotsLog2);
    }

    private static IndexSegment checked(ByteBuffer memory, Path file, UUID busId, long number, int slotsLog2) {
        boolean ours = memory.getLong(IndexLayout.MAGIC_AT) == IndexLayout.MAGIC
                && memory.getInt(IndexLayout.MAJOR_AT) == ControlLayout.MAJOR
                && memory.getInt(IndexLayout.SLOTS_LOG2_AT) == slotsLog2
                && memory.getLong(IndexLayout.BUS_ID_HIGH_AT) == busId.getMostSignificantBits()
                && memory.getLong(IndexLayout.BUS_ID_LOW_AT) == busId.getLeastSignificantBits()
                && memory.getLong(IndexLayout.SEGMENT_NUMBER_AT) == number
                && memory.getInt(IndexLayout.CRC_AT) == headerCrc(memory);
        if (!ours) {
            throw new BusException(file + " is damaged or of another bus: stop all replicas and remove the directory");
        }
        return new IndexSegment(memory, number, slotsLog2);
    }

    static ByteBuffer header(UUID busId, long number, int slotsLog2) {
        ByteBuffer header =
                ByteBuffer.allocate(IndexLayout.CRC_AT + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(IndexLayout.MAGIC_AT, IndexLayout.MAGIC);
        header.putInt(IndexLayout.MAJOR_AT, ControlLayout.MAJOR);
        header.putInt(IndexLayout.SLOTS_LOG2_AT, slotsLog2);
        header.putLong(IndexLayout.BUS_ID_HIGH_AT, busId.getMostSignificantBits());
        header.putLong(IndexLayout.BUS_ID_LOW_AT, busId.getLeastSignificantBits());
        header.putLong(IndexLayout.SEGMENT_NUMBER_AT, number);
        header.putInt(IndexLayout.CRC_AT, headerCrc(header));
        return header;
    }

    long number() {
        return number;
    }

    boolean holds(long position) {
        return position >>> slotsLog2 == number;
    }

    /** The descriptor at a position of this segment; what it describes is visible to whoever reads it here. */
    long get(long position) {
        return Mapped.getVolatile(memory, slotOf(position));
    }

    /** Puts a descriptor into an empty slot; false if the slot was not empty. */
    boolean fill(long position, long descriptor) {
        return Mapped.compareAndSet(memory, slotOf(position), Descriptor.EMPTY, descriptor);
    }

    /** Says that there is no message at a position: only for a recovery, when nobody else is there. */
    void bury(long position) {
        Mapped.setVolatile(memory, slotOf(position), Descriptor.TOMBSTONE);
    }

    /** Touches every page, so that those who come first do not pay for it. */
    void touch() {
        SegmentFiles.touch(memory);
    }

    private int slotOf(long position) {
        return IndexLayout.slotAt((int) (position & ((1L << slotsLog2) - 1)));
    }

    private static int headerCrc(ByteBuffer memory) {
        return new Checksum().of(memory.duplicate(), 0, IndexLayout.CRC_AT);
    }
}
