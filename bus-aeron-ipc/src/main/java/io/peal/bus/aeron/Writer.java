package io.peal.bus.aeron;

import io.aeron.Publication;
import io.aeron.ReservedValueSupplier;
import io.aeron.logbuffer.BufferClaim;
import io.aeron.logbuffer.LogBufferDescriptor;
import io.aeron.protocol.DataHeaderFlyweight;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicBoolean;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What one publishing thread needs to write.
 *
 * <p>A driver discards a message whose publisher has stood still in the middle of it, and readers that come to it then pass
 * over it. If the publisher goes on after all, later readers would find the message there. So before a message is complete,
 * the publisher looks whether the driver has discarded anything meanwhile, or the life is over, and then takes the message
 * back; and afterwards whether it was discarded after that. In both cases it was not published, for nobody.
 */
final class Writer implements ReservedValueSupplier {

    /** The message was begun, but will not be read by anybody. */
    static final long DISCARDED = -1_000;

    /** It was cleaned before this thread, which has stood still, could look what became of it. */
    static final long UNKNOWN = -1_001;

    private static final int FIRST_CAPACITY = 16 * 1024;

    private final Streams streams;
    private final AtomicBoolean writing = new AtomicBoolean();
    private final BufferClaim claim = new BufferClaim();
    private UnsafeBuffer buffer =
            new UnsafeBuffer(ByteBuffer.allocateDirect(0)); // for messages that are too long for one frame
    private @Nullable Link link; // as is what follows, of the message that is being written
    private Stream stream;
    private StreamMemory memory;
    private long discardedBefore;
    private boolean takenBack;
    private long written;
    private long paced;

    Writer(Streams streams) {
        this.streams = streams;
        this.stream = streams.present();
        this.memory = stream.memory();
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

    boolean isWriting() {
        return writing.get();
    }

    /** The stream that was written to last, and the place where that message ends. */
    Stream stream() {
        return stream;
    }

    long written() {
        return written;
    }

    /** Whether this thread has gone so far since {@link #paced}, or to another life. */
    boolean hasGone(long distance) {
        long gone = written - paced;
        return gone < 0 || gone >= distance;
    }

    /** What it has written so far was told to others. */
    void paced() {
        paced = written;
    }

    /** Writes a message, and returns the place where it ends; or what Aeron says instead, {@link #DISCARDED}, or {@link #UNKNOWN}. */
    long write(Link into, int replica, long timestampUs, Topic topic, ByteBuffer payload, PayloadKind kind) {
        link = into;
        stream = into.stream();
        memory = stream.memory();
        discardedBefore = into.discardedMessages();
        Publication publication = into.publication();
        int length = Envelope.length(topic, payload.remaining());
        written = length > publication.maxPayloadLength()
                ? writeLarge(publication, length, replica, timestampUs, topic, payload, kind)
                : writeFrame(publication, length, replica, timestampUs, topic, payload, kind);
        return written;
    }

    private long writeFrame(
            Publication publication,
            int length,
            int replica,
            long timestampUs,
            Topic topic,
            ByteBuffer payload,
            PayloadKind kind) {
        long end = publication.tryClaim(length, claim);
        if (end > 0) {
            try {
                Envelope.write(claim.buffer(), claim.offset(), length, replica, timestampUs, topic, payload, kind);
            } catch (RuntimeException | Error e) { // such as of a payload that another thread changes meanwhile
                claim.abort(); // or all readers would wait until the driver has discarded it
                throw e;
            }
            claim.reservedValue(memory.key(StreamMemory.begin(end, length + StreamMemory.HEADER)));
            if (mayBeDiscarded()) {
                claim.abort();
                return DISCARDED;
            }
            claim.commit();
            if (claim.headerType() != DataHeaderFlyweight.HDR_TYPE_DATA) {
                return whatBecameOf(StreamMemory.begin(end, length + StreamMemory.HEADER), end);
            }
        }
        return end;
    }

    private long writeLarge(
            Publication publication,
            int length,
            int replica,
            long timestampUs,
            Topic topic,
            ByteBuffer payload,
            PayloadKind kind) {
        growTo(length);
        Envelope.write(buffer, 0, length, replica, timestampUs, topic, payload, kind);
        takenBack = false;
        long end = publication.offer(buffer, 0, length, this);
        if (end > 0) {
            int framed = LogBufferDescriptor.computeFragmentedFrameLength(length, publication.maxPayloadLength());
            return takenBack ? DISCARDED : whatBecameOf(end - framed, end);
        }
        return end;
    }

    /** Looks whether the driver has discarded what was just written; {@code end} if it has not. */
    private long whatBecameOf(long begin, long end) {
        for (long place = begin; place < end; ) {
            int length = memory.frameLength(place);
            if (length <= 0) {
                return UNKNOWN;
            }
            if (memory.isPadding(place)) {
                return DISCARDED;
            }
            place = StreamMemory.end(place, length);
        }
        return end;
    }

    /** The key of a frame, asked by Aeron before that is complete. */
    @Override
    public long get(DirectBuffer term, int termOffset, int frameLength) {
        int termId = term.getInt(termOffset + DataHeaderFlyweight.TERM_ID_FIELD_OFFSET, ByteOrder.LITTLE_ENDIAN);
        long key = memory.key(memory.placeOf(termId, termOffset));
        takenBack |= mayBeDiscarded();
        return takenBack ? ~key : key;
    }

    private boolean mayBeDiscarded() {
        Link into = link;
        return into == null || into.discardedMessages() != discardedBefore || streams.isOver(stream.life());
    }

    private void growTo(int length) {
        if (buffer.capacity() < length) {
            int capacity = Math.max(FIRST_CAPACITY, Integer.highestOneBit(length) << 1);
            buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(capacity));
        }
    }
}
