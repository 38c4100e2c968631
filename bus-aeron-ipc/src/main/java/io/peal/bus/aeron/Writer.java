package io.peal.bus.aeron;

import io.aeron.Publication;
import io.aeron.logbuffer.BufferClaim;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** What one publishing thread needs: its number in the stream, how many messages it has written, where it writes them. */
final class Writer {

    private static final int FIRST_CAPACITY = 16 * 1024;

    private final long id;
    private final AtomicBoolean writing = new AtomicBoolean();
    private final BufferClaim claim = new BufferClaim();
    private ByteBuffer bytes = ByteBuffer.allocateDirect(0); // for messages that are too long for one frame
    private UnsafeBuffer buffer = new UnsafeBuffer(bytes);
    private long sequence;
    private boolean behindEnd;

    Writer(long id) {
        this.id = id;
    }

    long id() {
        return id;
    }

    /** The number of the next message. */
    long next() {
        return ++sequence;
    }

    /**
     * From now on until {@link #leave} this thread may look which link there is, and write to it: who takes a link away
     * does that first, and then waits for those who are writing.
     */
    void enter() {
        writing.set(true);
    }

    void leave() {
        writing.lazySet(false);
    }

    /** Whether an end of the life may stand before what was just written: to be noted before {@link #leave}. */
    void noteEnd(boolean possible) {
        behindEnd = possible;
    }

    boolean mayBeBehindEnd() {
        return behindEnd;
    }

    boolean isWriting() {
        return writing.get();
    }

    /** Writes a message, and returns the place where it ends, or what Aeron says instead. */
    long write(
            Publication publication,
            int replica,
            long number,
            long timestampUs,
            Topic topic,
            ByteBuffer payload,
            PayloadKind kind) {
        int length = Envelope.length(topic, payload.remaining());
        if (length > publication.maxPayloadLength()) {
            growTo(length);
            Envelope.write(buffer, 0, bytes, 0, replica, id, number, timestampUs, topic, payload, kind);
            return publication.offer(buffer, 0, length);
        }
        long place = publication.tryClaim(length, claim);
        if (place > 0) {
            MutableDirectBuffer term = claim.buffer();
            int at = claim.offset();
            Envelope.write(
                    term,
                    at,
                    term.byteBuffer(),
                    term.wrapAdjustment() + at,
                    replica,
                    id,
                    number,
                    timestampUs,
                    topic,
                    payload,
                    kind);
            claim.commit();
        }
        return place;
    }

    private void growTo(int length) {
        if (bytes.capacity() < length) {
            bytes = ByteBuffer.allocateDirect(Math.max(FIRST_CAPACITY, Integer.highestOneBit(length) << 1));
            buffer = new UnsafeBuffer(bytes);
        }
    }
}
