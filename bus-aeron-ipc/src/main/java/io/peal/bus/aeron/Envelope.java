package io.peal.bus.aeron;

import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.agrona.MutableDirectBuffer;

/**
 * What stands in a message of the stream before its payload, behind Aeron's header. Little-endian.
 *
 * <pre>
 *   0  u8   version          1  u8   kind: 0 binary, 1 text
 *   2  u16  topic length     4  i32  number of the replica
 *   8  i64  topic hash      16  i64  timestamp, us
 *  24  topic in UTF-8, then the payload
 * </pre>
 */
final class Envelope {

    static final int TOPIC_AT = 24;

    private static final byte VERSION = 1;
    private static final int BINARY = 0;
    private static final int TEXT = 1;
    private static final int KIND_AT = 1;
    private static final int TOPIC_LENGTH_AT = 2;
    private static final int REPLICA_AT = 4;
    private static final int TIMESTAMP_AT = 16;

    /** Where a reader that wants few topics looks first: in the same cache line as Aeron's header. */
    static final int TOPIC_HASH_AT = 8;

    private Envelope() {}

    /** How long a message is with its envelope. */
    static int length(Topic topic, int payloadLength) {
        return TOPIC_AT + topic.utf8Length() + payloadLength;
    }

    /** The longest payload in messages of at most {@code messageLength} bytes, whatever the topic. */
    static int maxPayloadLength(int messageLength) {
        return messageLength - TOPIC_AT - Topic.MAX_LENGTH;
    }

    /** Writes a whole message of some {@link #length}; the buffer shows the memory of a {@link ByteBuffer}. */
    static void write(
            MutableDirectBuffer buffer,
            int at,
            int length,
            int replica,
            long timestampUs,
            Topic topic,
            ByteBuffer payload,
            PayloadKind kind) {
        int topicLength = topic.utf8Length();
        buffer.putByte(at, VERSION);
        buffer.putByte(at + KIND_AT, (byte) (kind == PayloadKind.TEXT ? TEXT : BINARY));
        buffer.putShort(at + TOPIC_LENGTH_AT, (short) topicLength, ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(at + REPLICA_AT, replica, ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(at + TOPIC_HASH_AT, topic.hash(), ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(at + TIMESTAMP_AT, timestampUs, ByteOrder.LITTLE_ENDIAN);
        ByteBuffer bytes = buffer.byteBuffer();
        int topicAt = buffer.wrapAdjustment() + at + TOPIC_AT;
        topic.copyUtf8To(bytes, topicAt);
        bytes.put(topicAt + topicLength, payload, payload.position(), length - TOPIC_AT - topicLength);
    }

    /**
     * Whether this can be a message; what is asked below may be asked only then.
     *
     * @param bytes little-endian
     */
    static boolean isMessage(ByteBuffer bytes, int at, int length) {
        if (length < TOPIC_AT || bytes.get(at) != VERSION) {
            return false;
        }
        int topicLength = topicLength(bytes, at);
        int kind = bytes.get(at + KIND_AT);
        return (kind == BINARY || kind == TEXT)
                && topicLength > 0
                && topicLength <= Topic.MAX_LENGTH
                && TOPIC_AT + topicLength <= length;
    }

    static PayloadKind kind(ByteBuffer bytes, int at) {
        return bytes.get(at + KIND_AT) == TEXT ? PayloadKind.TEXT : PayloadKind.BINARY;
    }

    static int topicLength(ByteBuffer bytes, int at) {
        return bytes.getShort(at + TOPIC_LENGTH_AT) & 0xffff;
    }

    static int replica(ByteBuffer bytes, int at) {
        return bytes.getInt(at + REPLICA_AT);
    }

    static long topicHash(ByteBuffer bytes, int at) {
        return bytes.getLong(at + TOPIC_HASH_AT);
    }

    static long timestampUs(ByteBuffer bytes, int at) {
        return bytes.getLong(at + TIMESTAMP_AT);
    }
}
