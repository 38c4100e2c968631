package io.peal.bus;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The writing end of a bus. Any number of threads may share one, and none of them waits: not for readers, not for other
 * publishers, not for other replicas.
 */
public interface Publisher {

    /**
     * Publishes one message. When this returns, the message is visible to every replica and survives the death of all
     * of them (G4). Messages of one thread keep their order (G2).
     *
     * @param payload its remaining bytes are copied before this returns; its position does not move
     * @param kind {@link PayloadKind#TEXT} only if the bytes are valid UTF-8; the caller answers for that
     * @return the message's position
     * @throws IllegalArgumentException if the payload is longer than {@link Bus#maxPayloadLength()}
     * @throws BusFullException if there is no room; nothing was published
     * @throws IllegalStateException if the bus is closed
     */
    long publish(Topic topic, ByteBuffer payload, PayloadKind kind);

    /** Publishes bytes: {@link #publish(Topic, ByteBuffer, PayloadKind)} with {@link PayloadKind#BINARY}. */
    default long publish(Topic topic, ByteBuffer payload) {
        return publish(topic, payload, PayloadKind.BINARY);
    }

    /** Publishes bytes: {@link #publish(Topic, ByteBuffer, PayloadKind)} with {@link PayloadKind#BINARY}. */
    default long publish(Topic topic, byte[] payload) {
        return publish(topic, ByteBuffer.wrap(payload), PayloadKind.BINARY);
    }

    /** Publishes text as UTF-8: {@link #publish(Topic, ByteBuffer, PayloadKind)} with {@link PayloadKind#TEXT}. */
    default long publish(Topic topic, String payload) {
        return publish(topic, ByteBuffer.wrap(payload.getBytes(StandardCharsets.UTF_8)), PayloadKind.TEXT);
    }

    /**
     * Publishes the messages of a batch, in their order. When this returns, all of them are visible to every replica; if it
     * throws, a beginning of them may be.
     *
     * @return the position of the last message
     * @throws IllegalArgumentException if the batch is empty, or a payload is longer than {@link Bus#maxPayloadLength()}
     * @throws BusFullException if there is no room for the rest
     * @throws IllegalStateException if the bus is closed
     */
    default long publish(Batch batch) {
        if (batch.isEmpty()) {
            throw new IllegalArgumentException("the batch is empty: there is nothing to publish");
        }
        long position = 0;
        for (int i = 0; i < batch.size(); i++) {
            position = publish(batch.topic(i), batch.payload(i), batch.kind(i));
        }
        return position;
    }
}
