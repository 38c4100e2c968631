package io.peal.bus.file;

import io.peal.bus.Topic;
import java.nio.ByteBuffer;

/**
 * One reader's look into a data segment: the buffers whose positions it moves, and the checks of step R3. Whatever is read
 * here is checked against the segment's bounds before it is used as a length or an offset. Not thread-safe.
 */
final class SegmentView {

    private final DataSegment segment;
    private final ByteBuffer memory;
    private final ByteBuffer payload;
    private final ByteBuffer checked;
    private final int length;

    SegmentView(DataSegment segment) {
        this.segment = segment;
        this.memory = segment.memory();
        this.payload = memory.asReadOnlyBuffer();
        this.checked = memory.duplicate();
        this.length = segment.length();
    }

    boolean is(int writerId, long number) {
        return segment.writerId() == writerId && segment.number() == number;
    }

    int writerId() {
        return segment.writerId();
    }

    ByteBuffer memory() {
        return memory;
    }

    ByteBuffer payload(int at, int payloadLength) {
        return payload.limit(at + payloadLength).position(at);
    }

    /** Where the record at an offset of the writer's log begins; whether one can be there is still to be checked. */
    int placeOf(long offset) {
        return (int) (offset & (length - 1));
    }

    /** The length of the record's topic, or 0 if no record with a possible topic can begin here. */
    int topicLength(int at) {
        if (at < DataLayout.HEADER_LENGTH || at > length - DataLayout.RECORD_ALIGNMENT) {
            return 0;
        }
        int topicLength = memory.getShort(DataLayout.topicLengthAt(at)) & 0xffff;
        boolean possible = topicLength <= Topic.MAX_LENGTH && at + DataLayout.payloadOffset(topicLength) <= length;
        return possible ? topicLength : 0;
    }

    /** Whether the record is what its writer made of it. */
    boolean isIntact(int at, int topicLength, long offset, Checksum checksum) {
        int payloadLength = memory.getInt(DataLayout.payloadLengthAt(at));
        int payloadAt = at + DataLayout.payloadOffset(topicLength);
        int from = DataLayout.checkedFrom(at);
        return payloadLength >= 0
                && payloadLength <= length - payloadAt
                && memory.getInt(DataLayout.writerIdAt(at)) == segment.writerId()
                && memory.getLong(DataLayout.offsetAt(at)) == offset
                && checksum.of(checked, from, payloadAt + payloadLength - from) == memory.getInt(DataLayout.crcAt(at));
    }
}
