package io.peal.bus.file;

import io.peal.bus.PayloadKind;
import java.nio.ByteBuffer;

/**
 * A message that was published on another transport, on its way into a {@link ReplayWindow}: where its bytes are, and what
 * is to be known of it. Filled again for each message; it belongs to whoever appends.
 *
 * <p>In the window, its payload has a prefix, little-endian: its position, the position of the message before it, the number
 * of the replica that published it.
 */
public final class WindowRecord {

    static final int PREFIX_LENGTH = 24;
    static final int POSITION_AT = 0;
    static final int PREVIOUS_AT = 8;
    static final int REPLICA_AT = 16;

    private long position;
    private long previous;
    private int replica;
    private long timestampUs;
    private PayloadKind kind = PayloadKind.BINARY;
    private long topicHash;
    private ByteBuffer source = ByteBuffer.allocate(0);
    private int topicAt;
    private int topicLength;
    private int payloadAt;
    private int payloadLength;

    /** An empty one. */
    public WindowRecord() {}

    /** What is to be known of the message. */
    public WindowRecord of(long position, int replica, long timestampUs, PayloadKind kind) {
        this.position = position;
        this.replica = replica;
        this.timestampUs = timestampUs;
        this.kind = kind;
        return this;
    }

    /** Where the topic's name is, as UTF-8 of 1 to 255 bytes, and its hash as {@link io.peal.bus.Topic#hash()} has it. */
    public WindowRecord topic(long hash, int at, int length) {
        this.topicHash = hash;
        this.topicAt = at;
        this.topicLength = length;
        return this;
    }

    /** Where the payload is; {@code bytes} has the topic's name, too. They are copied before {@code append} returns. */
    public WindowRecord payload(ByteBuffer bytes, int at, int length) {
        this.source = bytes;
        this.payloadAt = at;
        this.payloadLength = length;
        return this;
    }

    /** Its position. */
    public long position() {
        return position;
    }

    void behind(long position) {
        previous = position;
    }

    int topicLength() {
        return topicLength;
    }

    long topicHash() {
        return topicHash;
    }

    PayloadKind kind() {
        return kind;
    }

    long timestampUs() {
        return timestampUs;
    }

    int storedLength() {
        return PREFIX_LENGTH + payloadLength;
    }

    void copyTo(ByteBuffer memory, int topicTo, int payloadTo) {
        memory.put(topicTo, source, topicAt, topicLength);
        memory.putLong(payloadTo + POSITION_AT, position);
        memory.putLong(payloadTo + PREVIOUS_AT, previous);
        memory.putLong(payloadTo + REPLICA_AT, replica);
        memory.put(payloadTo + PREFIX_LENGTH, source, payloadAt, payloadLength);
    }
}
