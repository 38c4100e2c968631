package io.peal.bus;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * One message of the log, seen through a view that is valid only during the callback it is passed to. To keep a
 * message, keep {@link #bytes()} or {@link #text()}; the view is reused for the next one.
 */
public interface Message {

    /** The topic it was published to. */
    Topic topic();

    /** Its place in the bus's order: positive, rising, the same on every replica. */
    long position();

    /** Whether the publisher gave text or bytes. */
    PayloadKind kind();

    /** The number of the {@linkplain Bus#replica() replica} that published it. */
    int replica();

    /**
     * When it was published, by the publisher's clock, in microseconds since 1970-01-01T00:00Z. Where a thread publishes more than a
     * million a second, a few that follow each other may have the time of the first of them, also if the thread has paused in between
     * for a millisecond or so.
     */
    long timestampUs();

    /** The length of the payload in bytes. */
    int payloadLength();

    /**
     * The payload without a copy: the remaining bytes of a read-only buffer, which need not begin at index 0. The buffer
     * belongs to the bus and is valid only during the callback; its position and limit may be moved, and each call sets
     * them anew.
     */
    ByteBuffer payload();

    /** The payload as a new array, which is the caller's. */
    default byte[] bytes() {
        byte[] bytes = new byte[payloadLength()];
        payload().get(bytes);
        return bytes;
    }

    /** The payload decoded as UTF-8. */
    default String text() {
        return new String(bytes(), StandardCharsets.UTF_8);
    }
}
