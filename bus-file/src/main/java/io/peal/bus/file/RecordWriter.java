package io.peal.bus.file;

import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.bus.spi.BurstClock;
import java.nio.ByteBuffer;

/**
 * Reserves room in this process's data log and writes records there. Belongs to one thread; makes garbage only when the
 * segment changes.
 */
final class RecordWriter {

    private final Checksum checksum = new Checksum();
    private final BurstClock clock;
    private DataSegment segment;
    private ByteBuffer checked; // a view of the segment, for the checksum to move
    private long[] offsets = new long[64];
    private int reserved;
    private int at;

    RecordWriter(DataLog log, BurstClock clock) {
        this.clock = clock;
        this.segment = log.active();
        this.checked = segment.memory().duplicate();
    }

    /** The time to write into records. */
    long nowUs() {
        return clock.nowUs();
    }

    /** Reserves room for records of {@code length} bytes together; {@link #finish} is to follow in any case. */
    void reserve(DataLog log, int length) {
        DataSegment active = log.active();
        int begin = active.reserve(length);
        while (begin < 0) {
            log.rollFrom(active);
            active = log.active();
            begin = active.reserve(length);
        }
        if (segment != active) {
            segment = active;
            checked = active.memory().duplicate();
        }
        at = begin;
        reserved = length;
    }

    /**
     * Writes the next record into the room, and returns its offset in the writer's log.
     *
     * @param payloadLength for which room was reserved: somebody may be changing the buffer meanwhile, who should not
     */
    long write(Topic topic, ByteBuffer payload, int payloadLength, PayloadKind kind, long timestampUs) {
        ByteBuffer memory = segment.memory();
        int begin = at;
        long offset = segment.number() * segment.length() + begin;
        int topicLength = topic.utf8Length();
        int payloadAt = begin + DataLayout.payloadOffset(topicLength);
        memory.putShort(DataLayout.bucketAt(begin), (short) DataLayout.bucketOf(topic.hash()));
        memory.putInt(DataLayout.payloadLengthAt(begin), payloadLength);
        memory.putInt(DataLayout.writerIdAt(begin), segment.writerId());
        memory.put(DataLayout.versionAt(begin), (byte) DataLayout.RECORD_VERSION);
        memory.put(DataLayout.flagsAt(begin), (byte) (kind == PayloadKind.TEXT ? DataLayout.FLAG_TEXT : 0));
        memory.putShort(DataLayout.topicLengthAt(begin), (short) topicLength);
        memory.putLong(DataLayout.topicHashAt(begin), topic.hash());
        memory.putLong(DataLayout.offsetAt(begin), offset);
        memory.putLong(DataLayout.timestampAt(begin), timestampUs);
        topic.copyUtf8To(memory, DataLayout.topicAt(begin));
        Steps.at(Steps.Step.PUBLISH_HALF_WRITTEN);
        memory.put(payloadAt, payload, payload.position(), payloadLength);
        int from = DataLayout.checkedFrom(begin);
        memory.putInt(DataLayout.crcAt(begin), checksum.of(checked, from, payloadAt + payloadLength - from));
        at = begin + DataLayout.recordLength(topicLength, payloadLength);
        return offset;
    }

    /** Room for the offsets of so many records, used again the next time. */
    long[] offsets(int count) {
        if (offsets.length < count) {
            offsets = new long[Math.max(count, offsets.length * 2)];
        }
        return offsets;
    }

    /** Gives back what was reserved: it is in the index now, or never will be. */
    void finish(DataLog log) {
        if (segment.finish(reserved)) {
            log.seal(segment);
        }
    }
}
