package io.peal.bus.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.UUID;

/**
 * One segment of the shared index, mapped. Thread-safe: a slot changes once, from free to a descriptor.
 *
 * <p>When all of it is trimmed, its file is used again for a later segment. Who still holds it as what it was, because it was
 * stopped meanwhile, cannot fill a slot of it, since what is free there looks different; and what it reads there is trimmed, as
 * it will see before it trusts it.
 */
final class IndexSegment {

    /** So many positions, from a multiple on, are all in one half of a segment: half as many as that may have at the least. */
    static final int RUN = 32;

    private static final int SLOTS_AT_ONCE = 64; // as few as a segment may have

    private final ByteBuffer memory;
    private final long number;
    private final int slotsLog2;
    private final long free; // what a slot holds as long as its position is free

    IndexSegment(ByteBuffer memory, long number, int slotsLog2) {
        this.memory = memory;
        this.number = number;
        this.slotsLog2 = slotsLog2;
        this.free = Descriptor.freeIn(number);
    }

    /** Makes memory that nobody else uses, or that all others take for a trimmed segment, a segment without messages. */
    static void format(ByteBuffer memory, UUID busId, long number, int slotsLog2) {
        ByteBuffer header = header(busId, number, slotsLog2);
        memory.put(0, header, 0, header.capacity());
        ByteBuffer freeSlots =
                ByteBuffer.allocateDirect(SLOTS_AT_ONCE * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int slot = 0; slot < SLOTS_AT_ONCE; slot++) {
            freeSlots.putLong(slot * Long.BYTES, Descriptor.freeIn(number));
        }
        for (int slot = 0; slot < 1 << slotsLog2; slot += SLOTS_AT_ONCE) {
            memory.put(IndexLayout.slotAt(slot), freeSlots, 0, freeSlots.capacity());
        }
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
            throw new DamagedFileException(
                    file + " is damaged or of another bus: stop all replicas and remove the directory", null);
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

    /**
     * Whether a position is of this segment, and not the first of a run of positions. Who goes from one position to the next asks
     * this, and {@link #holds} only when it is false, in a method too long to be inlined. A branch that is not taken in thousands
     * of messages is left out by the JVM's compiler; when the segment ends, all that was compiled around it is thrown away, and
     * made again beside readers and publishers. So this is one branch, which is taken now and then from the beginning.
     */
    boolean holdsWithinRun(long position) {
        long elsewhere = (position >>> slotsLog2) ^ number;
        long isFirst = ((position & (RUN - 1)) - 1) >>> (Long.SIZE - 1);
        return (elsewhere | isFirst) == 0;
    }

    /** The descriptor at a position of this segment; what it describes is visible to whoever reads it here. */
    long get(long position) {
        long value = Mapped.getVolatile(memory, slotOf(position));
        return value == free ? Descriptor.EMPTY : value == 0 ? Descriptor.ZEROS : value;
    }

    /** Puts a descriptor into a free slot; false if the slot was not free. */
    boolean fill(long position, long descriptor) {
        return Mapped.compareAndSet(memory, slotOf(position), free, descriptor);
    }

    /** Says that there is no message at a position: only for a recovery, when nobody else is there. */
    void bury(long position) {
        Mapped.setVolatile(memory, slotOf(position), Descriptor.TOMBSTONE);
    }

    /** Says that a position is free, whatever its slot holds: only for a recovery, when nobody else is there. */
    void clear(long position) {
        Mapped.setVolatile(memory, slotOf(position), free);
    }

    /** Touches every page, so that those who come first do not pay for it. */
    void touch(boolean inMemory) {
        SegmentFiles.touch(memory, inMemory);
    }

    private int slotOf(long position) {
        return IndexLayout.slotAt((int) (position & ((1L << slotsLog2) - 1)));
    }

    private static int headerCrc(ByteBuffer memory) {
        return new Checksum().of(memory.duplicate(), 0, IndexLayout.CRC_AT);
    }
}
