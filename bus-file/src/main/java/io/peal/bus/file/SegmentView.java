package io.peal.bus.file;

import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One reader's look into a data segment. Whatever is read here is checked against the segment's bounds before it is used
 * as a length or an offset, and may change at any moment: it is good for passing over records, and for copying them.
 * Not thread-safe.
 */
final class SegmentView {

    /** Of no segment. */
    static final SegmentView NONE = new SegmentView(-1, -1, ByteBuffer.allocate(0));

    private final int writerId;
    private final long number;
    private final ByteBuffer memory;
    private final int length;
    private final int firstRecord;

    SegmentView(int writerId, long number, ByteBuffer memory) {
        this.writerId = writerId;
        this.number = number;
        this.memory = memory;
        this.length = memory.capacity();
        this.firstRecord = DataLayout.firstRecordAt(length);
    }

    /**
     * One branch, which goes both ways from the first segment on. With more, the JVM would compile a busy reader without those that
     * are not taken until it has read through many segments, and then again, for a tenth of a second.
     */
    boolean is(int otherWriterId, long otherNumber) {
        return ((writerId ^ otherWriterId) | (number ^ otherNumber)) == 0;
    }

    /** Where the record at an offset of the writer's log begins; whether one can be there is still to be checked. */
    int placeOf(long offset) {
        return (int) (offset & (length - 1));
    }

    /** The length of the record's topic, or 0 if no record with a possible topic can begin here. */
    int topicLength(int at) {
        if (!mayBeginAt(at)) {
            return 0;
        }
        int topicLength = memory.getShort(DataLayout.topicLengthAt(at)) & 0xffff;
        boolean possible = topicLength <= Topic.MAX_LENGTH && at + DataLayout.payloadOffset(topicLength) <= length;
        return possible ? topicLength : 0;
    }

    /** The bucket of the topic of the record here, or {@link TopicScan#NO_BUCKET} if no record can begin here. The record itself is not touched. */
    int bucket(int at) {
        return mayBeginAt(at) ? memory.getShort(DataLayout.bucketAt(at)) & 0xffff : TopicScan.NO_BUCKET;
    }

    /** The hash of the topic that the record seems to have. */
    long topicHash(int at) {
        return memory.getLong(DataLayout.topicHashAt(at));
    }

    /** The topic of the set that the record seems to have, or null. */
    @Nullable
    Topic find(TopicSet topics, int at, int topicLength) {
        return topics.find(topicHash(at), memory, DataLayout.topicAt(at), topicLength);
    }

    /** Copies the record, as long as it says it is; false if that cannot be true. */
    boolean copyTo(RecordCopy copy, int at, int topicLength) {
        int payloadLength = memory.getInt(DataLayout.payloadLengthAt(at));
        int payloadOffset = DataLayout.payloadOffset(topicLength);
        if (payloadLength < 0 || payloadLength > length - at - payloadOffset) {
            return false;
        }
        copy.take(memory, at, payloadOffset + payloadLength); // and its padding, which ends before the segment does
        return true;
    }

    private boolean mayBeginAt(int at) {
        return at >= firstRecord && at <= length - DataLayout.RECORD_ALIGNMENT;
    }
}
