package io.peal.bus;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Several messages that are published with one call, in the order in which they were added. That saves most of what a
 * call costs besides the copying: sleepers are woken once. Not thread-safe; made to be cleared and used again.
 *
 * <p>The messages get rising positions; between them may lie messages of others, and who dies in the middle has published
 * a beginning of the batch.
 */
public final class Batch {

    private static final int FIRST_MESSAGES = 16;
    private static final int FIRST_BYTES = 4 * 1024;

    private Topic[] topics = new Topic[FIRST_MESSAGES];
    private PayloadKind[] kinds = new PayloadKind[FIRST_MESSAGES];
    private int[] ends = new int[FIRST_MESSAGES];
    private ByteBuffer bytes = ByteBuffer.allocate(FIRST_BYTES);
    private ByteBuffer view = bytes.asReadOnlyBuffer();
    private int size;

    /** An empty batch. */
    public Batch() {}

    /**
     * Adds a message.
     *
     * @param payload its remaining bytes are copied; its position does not move
     * @param kind {@link PayloadKind#TEXT} only if the bytes are valid UTF-8; the caller answers for that
     * @return this
     */
    public Batch add(Topic topic, ByteBuffer payload, PayloadKind kind) {
        int begin = begin(size);
        int length = payload.remaining();
        ensureRoom(begin, length);
        bytes.put(begin, payload, payload.position(), length);
        topics[size] = topic;
        kinds[size] = kind;
        ends[size] = begin + length;
        size++;
        return this;
    }

    /** Adds bytes: {@link #add(Topic, ByteBuffer, PayloadKind)} with {@link PayloadKind#BINARY}. */
    public Batch add(Topic topic, byte[] payload) {
        return add(topic, ByteBuffer.wrap(payload), PayloadKind.BINARY);
    }

    /** Adds text as UTF-8: {@link #add(Topic, ByteBuffer, PayloadKind)} with {@link PayloadKind#TEXT}. */
    public Batch add(Topic topic, String payload) {
        return add(topic, ByteBuffer.wrap(payload.getBytes(StandardCharsets.UTF_8)), PayloadKind.TEXT);
    }

    /** How many messages there are. */
    public int size() {
        return size;
    }

    /** Whether there is no message. */
    public boolean isEmpty() {
        return size == 0;
    }

    /** Takes all messages out, and keeps the memory for the next ones. */
    public void clear() {
        Arrays.fill(topics, 0, size, null);
        size = 0;
    }

    /** The topic of message {@code i}, from 0. */
    public Topic topic(int i) {
        return topics[checked(i)];
    }

    /** What the payload of message {@code i} is. */
    public PayloadKind kind(int i) {
        return kinds[checked(i)];
    }

    /** How many bytes the payload of message {@code i} has. */
    public int payloadLength(int i) {
        return ends[checked(i)] - begin(i);
    }

    /** The payload of message {@code i}: always the same read-only view, which the next call moves. */
    public ByteBuffer payload(int i) {
        checked(i);
        return view.limit(ends[i]).position(begin(i));
    }

    private int begin(int i) {
        return i == 0 ? 0 : ends[i - 1];
    }

    private int checked(int i) {
        if (i < 0 || i >= size) {
            throw new IndexOutOfBoundsException("message " + i + " of " + size);
        }
        return i;
    }

    private void ensureRoom(int begin, int length) {
        if (size == ends.length) {
            topics = Arrays.copyOf(topics, size * 2);
            kinds = Arrays.copyOf(kinds, size * 2);
            ends = Arrays.copyOf(ends, size * 2);
        }
        if (length > bytes.capacity() - begin) {
            int capacity = Math.max(Math.addExact(begin, length), bytes.capacity() * 2);
            bytes = ByteBuffer.allocate(capacity).put(0, bytes, 0, begin);
            view = bytes.asReadOnlyBuffer();
        }
    }
}
