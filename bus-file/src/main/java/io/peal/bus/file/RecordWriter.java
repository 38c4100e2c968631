package io.peal.bus.file;

import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Writes records into reserved room. Belongs to one thread; makes garbage only when the segment changes. */
final class RecordWriter {

    private final Checksum checksum = new Checksum();
    private @Nullable DataSegment segment;
    private ByteBuffer checked = ByteBuffer.allocate(0); // a view of the segment, for the checksum to move

    void write(
            DataSegment target,
            int at,
            long offset,
            Topic topic,
            ByteBuffer payload,
            PayloadKind kind,
            long timestampUs) {
        if (segment != target) {
            segment = target;
            checked = target.memory().duplicate();
        }
        ByteBuffer memory = target.memory();
        int topicLength = topic.utf8Length();
        int payloadLength = payload.remaining();
        int payloadAt = at + DataLayout.payloadOffset(topicLength);
        memory.putInt(DataLayout.payloadLengthAt(at), payloadLength);
        memory.putInt(DataLayout.writerIdAt(at), target.writerId());
        memory.put(DataLayout.versionAt(at), (byte) DataLayout.RECORD_VERSION);
        memory.put(DataLayout.flagsAt(at), (byte) (kind == PayloadKind.TEXT ? DataLayout.FLAG_TEXT : 0));
        memory.putShort(DataLayout.topicLengthAt(at), (short) topicLength);
        memory.putLong(DataLayout.topicHashAt(at), topic.hash());
        memory.putLong(DataLayout.offsetAt(at), offset);
        memory.putLong(DataLayout.timestampAt(at), timestampUs);
        topic.copyUtf8To(memory, DataLayout.topicAt(at));
        Steps.at(Steps.Step.PUBLISH_HALF_WRITTEN);
        memory.put(payloadAt, payload, payload.position(), payloadLength);
        int from = DataLayout.checkedFrom(at);
        memory.putInt(DataLayout.crcAt(at), checksum.of(checked, from, payloadAt + payloadLength - from));
    }
}
