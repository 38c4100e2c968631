package io.peal.bus.aeron;

import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The message that a reader hands out: a view of the reader's own copy. Belongs to one reader; makes no garbage. */
final class Received implements Message {

    private ByteBuffer bytes = ByteBuffer.allocate(0);
    private ByteBuffer readOnly = bytes;
    private int at;
    private int length;
    private long position;
    private @Nullable Topic topic; // null between callbacks

    /**
     * Begins the callback.
     *
     * @param bytes where the message is, little-endian
     * @param readOnly another view of the same
     * @param at where its envelope begins
     */
    void show(ByteBuffer bytes, ByteBuffer readOnly, int at, int length, Topic topic, long position) {
        this.bytes = bytes;
        this.readOnly = readOnly;
        this.at = at;
        this.length = length;
        this.topic = topic;
        this.position = position;
    }

    /** Ends the callback: from now on the view refuses to be read. */
    void hide() {
        topic = null;
    }

    @Override
    public Topic topic() {
        Topic shown = topic;
        if (shown == null) {
            throw new IllegalStateException(
                    "the message is valid only during the callback: keep bytes() or text() instead of the view");
        }
        return shown;
    }

    @Override
    public long position() {
        topic();
        return position;
    }

    @Override
    public PayloadKind kind() {
        topic();
        return Envelope.kind(bytes, at);
    }

    @Override
    public int replica() {
        topic();
        return Envelope.replica(bytes, at);
    }

    @Override
    public long timestampUs() {
        topic();
        return Envelope.timestampUs(bytes, at);
    }

    @Override
    public int payloadLength() {
        topic();
        return length - Envelope.TOPIC_AT - Envelope.topicLength(bytes, at);
    }

    @Override
    public ByteBuffer payload() {
        int begin = at + length - payloadLength();
        return readOnly.limit(at + length).position(begin);
    }
}
