package io.peal.bus.file;

import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The message a reader hands out: a window on a mapped record, moved from one to the next. Belongs to one reader; makes
 * no garbage.
 */
final class RecordView implements Message {

    private @Nullable SegmentView segment; // null between callbacks
    private @Nullable Topic topic;
    private int at;
    private int payloadAt;
    private int payloadLength;
    private long position;

    /** Shows a record that was checked. */
    void show(SegmentView segment, int at, Topic topic, long position) {
        this.segment = segment;
        this.topic = topic;
        this.at = at;
        this.payloadAt = at + DataLayout.payloadOffset(topic.utf8Length());
        this.payloadLength = segment.memory().getInt(DataLayout.payloadLengthAt(at));
        this.position = position;
    }

    /** Ends the callback: from now on the view refuses to be read. */
    void hide() {
        segment = null;
    }

    @Override
    public Topic topic() {
        Topic shown = topic;
        if (segment == null || shown == null) {
            throw over();
        }
        return shown;
    }

    @Override
    public long position() {
        segment();
        return position;
    }

    @Override
    public PayloadKind kind() {
        int flags = segment().memory().get(DataLayout.flagsAt(at));
        return (flags & DataLayout.FLAG_TEXT) != 0 ? PayloadKind.TEXT : PayloadKind.BINARY;
    }

    @Override
    public int replica() {
        return segment().writerId();
    }

    @Override
    public long timestampUs() {
        return segment().memory().getLong(DataLayout.timestampAt(at));
    }

    @Override
    public int payloadLength() {
        segment();
        return payloadLength;
    }

    @Override
    public ByteBuffer payload() {
        return segment().payload(payloadAt, payloadLength);
    }

    private SegmentView segment() {
        SegmentView shown = segment;
        if (shown == null) {
            throw over();
        }
        return shown;
    }

    private static IllegalStateException over() {
        return new IllegalStateException(
                "the message is valid only during the callback: keep bytes() or text() instead of the view");
    }
}
