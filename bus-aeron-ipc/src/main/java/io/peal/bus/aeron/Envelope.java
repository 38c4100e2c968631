package io.peal.bus.aeron;

import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * What stands in a message of the stream before its payload. Little-endian.
 *
 * <pre>
 *   0  u8   version          1  u8   kind: 0 binary, 1 text, 2 end of the stream's life
 *   2  u16  topic length     4  i32  number of the replica
 *   8  i64  writer           16 i64  how many messages the writer has written, with this one
 *  24  i64  timestamp, us    32 i64  topic hash
 *  40  topic in UTF-8, then the payload
 * </pre>
 *
 * A writer is one thread of one replica. Its numbers show whether a message was seen before.
 */
final class Envelope {

    static final int BINARY = 0;
    static final int TEXT = 1;
    static final int END = 2;
    static final int TOPIC_AT = 40;

    private static final byte VERSION = 1;
    private static final int KIND_AT = 1;
    private static final int TOPIC_LENGTH_AT = 2;
    private static final int REPLICA_AT = 4;
    private static final int WRITER_AT = 8;
    private static final int SEQUENCE_AT = 16;
    private static final int TIMESTAMP_AT = 24;
    private static final int TOPIC_HASH_AT = 32;

    private Envelope() {}

    /** How long a message is with its envelope. */
    static int length(Topic topic, int payloadLength) {
        return TOPIC_AT + topic.utf8Length() + payloadLength;
    }

    /** The longest payload in messages of at most {@code messageLength} bytes, whatever the topic. */
    static int maxPayloadLength(int messageLength) {
        return messageLength - TOPIC_AT - Topic.MAX_LENGTH;
    }

    /** Writes a whole message; {@code bytes} shows the same memory as {@code buffer}, from {@code bytesAt} on. */
    static void write(
            MutableDirectBuffer buffer,
            int at,
            ByteBuffer bytes,
            int bytesAt,
            int replica,
            long writer,
            long sequence,
            long timestampUs,
            Topic topic,
            ByteBuffer payload,
            PayloadKind kind) {
        int topicLength = topic.utf8Length();
        writeHeader(buffer, at, kind == PayloadKind.TEXT ? TEXT : BINARY, topicLength, replica, writer, sequence);
        buffer.putLong(at + TIMESTAMP_AT, timestampUs, ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(at + TOPIC_HASH_AT, topic.hash(), ByteOrder.LITTLE_ENDIAN);
        topic.copyUtf8To(bytes, bytesAt + TOPIC_AT);
        bytes.put(bytesAt + TOPIC_AT + topicLength, payload, payload.position(), payload.remaining());
    }

    /** Writes the message that ends a life of the stream, which is {@link #TOPIC_AT} bytes long. */
    static void writeEnd(MutableDirectBuffer buffer, int at, int replica) {
        buffer.setMemory(at, TOPIC_AT, (byte) 0);
        writeHeader(buffer, at, END, 0, replica, 0, 0);
    }

    private static void writeHeader(
            MutableDirectBuffer buffer, int at, int kind, int topicLength, int replica, long writer, long sequence) {
        buffer.putByte(at, VERSION);
        buffer.putByte(at + KIND_AT, (byte) kind);
        buffer.putShort(at + TOPIC_LENGTH_AT, (short) topicLength, ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(at + REPLICA_AT, replica, ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(at + WRITER_AT, writer, ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(at + SEQUENCE_AT, sequence, ByteOrder.LITTLE_ENDIAN);
    }

    /** Whether this can be a message of the bus; what is asked below may be asked only then. */
    static boolean isMessage(DirectBuffer buffer, int at, int length) {
        if (length < TOPIC_AT || buffer.getByte(at) != VERSION) {
            return false;
        }
        int topicLength = topicLength(buffer, at);
        return switch (kind(buffer, at)) {
            case BINARY, TEXT -> topicLength > 0 && topicLength <= Topic.MAX_LENGTH && TOPIC_AT + topicLength <= length;
            case END -> topicLength == 0;
            default -> false;
        };
    }

    static int kind(DirectBuffer buffer, int at) {
        return buffer.getByte(at + KIND_AT);
    }

    static int topicLength(DirectBuffer buffer, int at) {
        return buffer.getShort(at + TOPIC_LENGTH_AT, ByteOrder.LITTLE_ENDIAN) & 0xffff;
    }

    static int replica(DirectBuffer buffer, int at) {
        return buffer.getInt(at + REPLICA_AT, ByteOrder.LITTLE_ENDIAN);
    }

    static long writer(DirectBuffer buffer, int at) {
        return buffer.getLong(at + WRITER_AT, ByteOrder.LITTLE_ENDIAN);
    }

    static long sequence(DirectBuffer buffer, int at) {
        return buffer.getLong(at + SEQUENCE_AT, ByteOrder.LITTLE_ENDIAN);
    }

    static long timestampUs(DirectBuffer buffer, int at) {
        return buffer.getLong(at + TIMESTAMP_AT, ByteOrder.LITTLE_ENDIAN);
    }

    static long topicHash(DirectBuffer buffer, int at) {
        return buffer.getLong(at + TOPIC_HASH_AT, ByteOrder.LITTLE_ENDIAN);
    }
}
