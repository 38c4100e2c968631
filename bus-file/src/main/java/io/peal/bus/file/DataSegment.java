package io.peal.bus.file;

import io.peal.bus.BusException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One segment of this process's own data log, mapped for writing. Thread-safe.
 *
 * <p>Room is handed out by a counter on the heap: if the process dies the counter dies with it, and what it had handed out
 * was never in the index. A second counter knows how much of it is finished. When the segment is full and everything is
 * finished, no thread will touch the memory again, and nothing more of it will get into the index: then it is
 * <em>sealed</em> with a position that bounds all of its records. Once the log is trimmed beyond that, it is free.
 */
final class DataSegment {

    private final ByteBuffer memory;
    private final int writerId;
    private final long number;
    private final AtomicLong used;
    private final AtomicLong finished;
    private final AtomicBoolean sealClaimed = new AtomicBoolean();
    private volatile long end = Long.MAX_VALUE; // of what was handed out, known when the segment is full

    DataSegment(ByteBuffer memory, int writerId, long number) {
        this.memory = memory;
        this.writerId = writerId;
        this.number = number;
        int firstRecord = DataLayout.firstRecordAt(memory.capacity());
        this.used = new AtomicLong(firstRecord);
        this.finished = new AtomicLong(firstRecord);
    }

    /**
     * Makes the file of a segment.
     *
     * @param rest is run now and then meanwhile
     */
    static DataSegment create(
            BusDirectory directory, UUID busId, int writerId, long number, int length, Runnable rest) {
        Path file = directory.data(writerId, number);
        SegmentFiles.create(file, header(busId, writerId, number, length), length, rest);
        DataSegment segment = new DataSegment(SegmentFiles.map(file, length), writerId, number);
        SegmentFiles.touch(segment.memory, directory.isInMemory(), rest);
        Steps.at(Steps.Step.SPARE_CREATED);
        return segment;
    }

    /**
     * Uses a free segment again under a new number: the same file, renamed, and the same memory, so that nothing has to be
     * filled or touched. The caller has seen, with a volatile load, that the log is trimmed beyond all of its records;
     * whoever still reads them will see that, too, before it trusts what it read.
     */
    DataSegment recycle(BusDirectory directory, UUID busId, long newNumber) {
        Path from = directory.data(writerId, number);
        Path to = directory.data(writerId, newNumber);
        ByteBuffer header = header(busId, writerId, newNumber, memory.capacity());
        Mapped.setVolatile(memory, DataLayout.SEALED_AT_AT, DataLayout.OPEN);
        memory.put(0, header, 0, header.capacity());
        Steps.at(Steps.Step.RECYCLE_CLEARED);
        SegmentFiles.rename(from, to);
        Steps.at(Steps.Step.RECYCLE_RENAMED);
        return new DataSegment(memory, writerId, newNumber);
    }

    ByteBuffer memory() {
        return memory;
    }

    int writerId() {
        return writerId;
    }

    long number() {
        return number;
    }

    int length() {
        return memory.capacity();
    }

    /** Where {@code length} bytes may be written, or -1 if the segment has no room for them. */
    int reserve(int length) {
        long at = used.getAndAdd(length);
        if (at + length <= length()) {
            return (int) at;
        }
        if (at <= length()) { // the first that finds no room: what was handed out ends here
            end = at;
        }
        return -1;
    }

    /** Whether it will not be full soon. */
    boolean isHalfFree() {
        return used.get() < length() / 2;
    }

    /** Notes that a record is in the index, or never will be; true if the caller is to seal the segment. */
    boolean finish(int length) {
        return finished.addAndGet(length) == end && claimSeal();
    }

    /** Whether the segment is full and everything finished, and the caller is the one to seal it. */
    boolean isToBeSealed() {
        return finished.get() == end && claimSeal();
    }

    /**
     * True once. Two threads may see that everything is finished; if the slower one sealed, too, it might do so when the
     * memory is used again already, and put a false bound on what is being written there.
     */
    private boolean claimSeal() {
        return sealClaimed.compareAndSet(false, true);
    }

    /** Hands out nothing more; true if the caller is to seal the segment. */
    boolean retire() {
        reserve(length());
        return isToBeSealed();
    }

    /** Seals the segment: all of its records are at or before {@code position}. */
    void seal(long position) {
        Mapped.setVolatile(memory, DataLayout.SEALED_AT_AT, Math.max(1, position));
        Steps.at(Steps.Step.PUBLISH_SEALED);
    }

    /** The position it was sealed with, {@link DataLayout#OPEN} if it is not. */
    long sealedAt() {
        return Mapped.getVolatile(memory, DataLayout.SEALED_AT_AT);
    }

    static ByteBuffer header(UUID busId, int writerId, long number, int length) {
        ByteBuffer header =
                ByteBuffer.allocate(DataLayout.CRC_AT + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(DataLayout.MAGIC_AT, DataLayout.MAGIC);
        header.putInt(DataLayout.MAJOR_AT, ControlLayout.MAJOR);
        header.putInt(DataLayout.WRITER_ID_AT, writerId);
        header.putLong(DataLayout.BUS_ID_HIGH_AT, busId.getMostSignificantBits());
        header.putLong(DataLayout.BUS_ID_LOW_AT, busId.getLeastSignificantBits());
        header.putLong(DataLayout.SEGMENT_NUMBER_AT, number);
        header.putInt(DataLayout.SEGMENT_LENGTH_AT, length);
        header.putInt(DataLayout.CRC_AT, new Checksum().of(header.duplicate(), 0, DataLayout.CRC_AT));
        return header;
    }

    /** Whether a mapped file begins with the header of this segment. */
    static boolean isSegment(ByteBuffer memory, UUID busId, int writerId, long number, int length) {
        return memory.getLong(DataLayout.MAGIC_AT) == DataLayout.MAGIC
                && memory.getInt(DataLayout.MAJOR_AT) == ControlLayout.MAJOR
                && memory.getInt(DataLayout.WRITER_ID_AT) == writerId
                && memory.getLong(DataLayout.BUS_ID_HIGH_AT) == busId.getMostSignificantBits()
                && memory.getLong(DataLayout.BUS_ID_LOW_AT) == busId.getLeastSignificantBits()
                && memory.getLong(DataLayout.SEGMENT_NUMBER_AT) == number
                && memory.getInt(DataLayout.SEGMENT_LENGTH_AT) == length;
    }

    /** The message of who finds something else. */
    static BusException damaged(Path file) {
        return new DamagedFileException(file + " is damaged or of another bus", null);
    }
}
