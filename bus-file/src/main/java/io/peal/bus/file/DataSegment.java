package io.peal.bus.file;

import io.peal.bus.BusException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One segment of a writer's data log, mapped: for its writer to fill, or read-only for everybody else.
 *
 * <p>Room in it is handed out by a counter on the writer's heap: if the process dies the counter dies with it, and what it
 * had handed out was never in the index.
 */
final class DataSegment {

    private final ByteBuffer memory;
    private final int writerId;
    private final long number;
    private final AtomicLong used = new AtomicLong(DataLayout.HEADER_LENGTH);

    private DataSegment(ByteBuffer memory, int writerId, long number) {
        this.memory = memory;
        this.writerId = writerId;
        this.number = number;
    }

    /** Makes a segment of this process's own log. */
    static DataSegment create(BusDirectory directory, UUID busId, int writerId, long number, int length) {
        Path file = directory.data(writerId, number);
        SegmentFiles.create(file, header(busId, writerId, number, length), length);
        DataSegment segment = new DataSegment(SegmentFiles.map(file, length), writerId, number);
        SegmentFiles.touch(segment.memory);
        return segment;
    }

    /** Maps a segment that some process has written, or still writes. */
    static DataSegment open(BusDirectory directory, UUID busId, int writerId, long number, int length) {
        Path file = directory.data(writerId, number);
        ByteBuffer memory = SegmentFiles.mapReadOnly(file, length);
        ByteBuffer expected = header(busId, writerId, number, length);
        if (memory.slice(0, expected.capacity()).mismatch(expected) >= 0) {
            throw new BusException(file + " is damaged or of another bus");
        }
        return new DataSegment(memory, writerId, number);
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

    /** Where {@code length} bytes may be written, or -1 if the segment has no room for them. Thread-safe. */
    int reserve(int length) {
        long at = used.getAndAdd(length);
        return at + length <= length() ? (int) at : -1;
    }

    private static ByteBuffer header(UUID busId, int writerId, long number, int length) {
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
}
