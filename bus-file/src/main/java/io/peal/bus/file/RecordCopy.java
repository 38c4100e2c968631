package io.peal.bus.file;

import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The message a reader hands out: the reader's own copy of a record, checked after it was taken. So nobody can change it
 * between the check and the use, its segment may be used again meanwhile, and a payload that somebody keeps too long shows
 * the next message instead of memory that is gone. Belongs to one reader; makes no garbage.
 */
final class RecordCopy implements Message {

    private static final int FIRST_CAPACITY = 8 * 1024;

    private final Checksum checksum = new Checksum();
    private ByteBuffer bytes = ByteBuffer.allocateDirect(0);
    private ByteBuffer payload = bytes;
    private ByteBuffer checked = bytes; // views, because their limits move
    private int length;
    private @Nullable Topic topic; // null between callbacks
    private long position;

    RecordCopy() {
        growTo(FIRST_CAPACITY);
    }

    /**
     * Takes a copy of a record and of what it is padded with: where processors have AVX-512 the JVM copies 65 to 96 bytes in
     * a way that takes more than twice as long as 128, once the memory has left the caches.
     */
    void take(ByteBuffer memory, int at, int length) {
        if (length > bytes.capacity()) {
            growTo(Integer.highestOneBit(length - 1) << 1);
        }
        bytes.put(0, memory, at, DataLayout.padded(length));
        this.length = length;
    }

    /** Whether the copy is a record as its writer made it. */
    boolean isIntact(int writerId, long offset) {
        int topicLength = topicLength();
        return topicLength > 0
                && DataLayout.payloadOffset(topicLength) + payloadLengthField() == length
                && bytes.getInt(DataLayout.writerIdAt(0)) == writerId
                && bytes.getLong(DataLayout.offsetAt(0)) == offset
                && checksum.of(checked, DataLayout.checkedFrom(0), length - DataLayout.checkedFrom(0))
                        == bytes.getInt(DataLayout.crcAt(0));
    }

    long topicHash() {
        return bytes.getLong(DataLayout.topicHashAt(0));
    }

    int topicLength() {
        return bytes.getShort(DataLayout.topicLengthAt(0)) & 0xffff;
    }

    ByteBuffer bytesOfTopic() {
        return bytes;
    }

    /** Begins the callback. */
    void show(Topic shown, long at) {
        topic = shown;
        position = at;
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
        return (bytes.get(DataLayout.flagsAt(0)) & DataLayout.FLAG_TEXT) != 0 ? PayloadKind.TEXT : PayloadKind.BINARY;
    }

    @Override
    public int replica() {
        topic();
        return bytes.getInt(DataLayout.writerIdAt(0));
    }

    @Override
    public long timestampUs() {
        topic();
        return bytes.getLong(DataLayout.timestampAt(0));
    }

    @Override
    public int payloadLength() {
        topic();
        return payloadLengthField();
    }

    @Override
    public ByteBuffer payload() {
        topic();
        return payload.limit(length).position(length - payloadLengthField());
    }

    /** Of a record that was copied and checked, without a callback. */
    long timestampUsOfCopy() {
        return bytes.getLong(DataLayout.timestampAt(0));
    }

    private int payloadLengthField() {
        return bytes.getInt(DataLayout.payloadLengthAt(0));
    }

    private void growTo(int capacity) {
        bytes = ByteBuffer.allocateDirect(capacity).order(ByteOrder.LITTLE_ENDIAN);
        payload = bytes.asReadOnlyBuffer();
        checked = bytes.duplicate();
    }
}
