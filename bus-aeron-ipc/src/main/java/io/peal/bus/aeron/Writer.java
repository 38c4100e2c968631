package io.peal.bus.aeron;

import io.aeron.Publication;
import io.aeron.ReservedValueSupplier;
import io.aeron.logbuffer.BufferClaim;
import io.aeron.logbuffer.LogBufferDescriptor;
import io.aeron.protocol.DataHeaderFlyweight;
import io.peal.bus.Batch;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ConcurrentModificationException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What one publishing thread needs to write.
 *
 * <p>A driver discards a message whose publisher has stood still in the middle of it, and readers that come to it then pass
 * over it. If the publisher goes on after all, later readers would find the message there. So before a message is complete,
 * the publisher looks whether the driver has discarded anything meanwhile, or the life is over, and then takes the message
 * back; and afterwards whether it was discarded after that. In both cases it was not published, for nobody.
 *
 * <p>Messages of a batch share a claim: Aeron's shared tail is moved once for all of them, and the frame that it has begun there is divided
 * into a frame for each. They follow the first, so nobody comes to them before that is complete; until then all of the claim is one
 * frame that the driver can discard.
 */
final class Writer implements ReservedValueSupplier {

    /** The message was begun, but will not be read by anybody. */
    static final long DISCARDED = -1_000;

    /** It was cleaned before this thread, which has stood still, could look what became of it. */
    static final long UNKNOWN = -1_001;

    private static final int FIRST_CAPACITY = 16 * 1024;

    private static final long NOWHERE = -1;

    /** How much is claimed at once: what is claimed holds all readers up until it is written. */
    private static final int LONGEST_CLAIM = 8 * 1024;

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
    private long runBegin; // from here to the last message there is nothing but what this thread has written
    private long runEnd = NOWHERE;
    private long paced;
    private long comfortable; // from here on, the slowest subscription may soon be put aside
    private long awaitedInVain; // what that was when it had not moved for a while

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

    /** Whether this thread should wait for others who read. */
    boolean isAhead() {
        return written > comfortable && comfortable != awaitedInVain;
    }

    /** Looks how far it may write. To be called between {@link #enter} and {@link #leave}. */
    void lookAhead(Link present) {
        Publication publication = present.publication();
        comfortable = publication.positionLimit() - StreamOptions.reserve(publication.termBufferLength());
    }

    /** Those who read have not moved: they are not waited for until they do. */
    void goAhead() {
        awaitedInVain = comfortable;
    }

    /** Nobody needs to look whether what this thread has written is complete. */
    void passOwn() {
        stream.passWritten(runBegin, runEnd);
    }

    /** Up to which message of a batch, but not beyond {@code to}, all can be written with one claim; at least one. */
    int fitting(Batch batch, int from, int to) {
        int most = Math.min(LONGEST_CLAIM, memory.longestFrame());
        long claimed = 0;
        int i = from;
        do {
            claimed += StreamMemory.end(0, frameLength(batch, i++));
        } while (i < to && claimed + frameLength(batch, i) <= most);
        return i;
    }

    /** Writes a message, and returns the place where it ends; or what Aeron says instead, {@link #DISCARDED}, or {@link #UNKNOWN}. */
    long write(Link into, int replica, long timestampUs, Topic topic, ByteBuffer payload, PayloadKind kind) {
        Publication publication = begin(into);
        int length = Envelope.length(topic, payload.remaining());
        if (length > publication.maxPayloadLength()) {
            written = writeLarge(publication, length, replica, timestampUs, topic, payload, kind);
        } else {
            written = writeFrame(publication, length, replica, timestampUs, topic, payload, kind);
            addToRun(length + StreamMemory.HEADER);
        }
        return checked(into);
    }

    /** The same with some messages of a batch that are {@link #fitting}; all of them are published, or none. */
    long write(Link into, int replica, long timestampUs, Batch batch, int from, int to) {
        Publication publication = begin(into);
        int length = 0;
        for (int i = from; i < to; i++) {
            length = (int) StreamMemory.end(0, length) + frameLength(batch, i);
        }
        written = writeFrames(publication, length, replica, timestampUs, batch, from, to);
        addToRun(length);
        return checked(into);
    }

    private long checked(Link into) {
        if (written > comfortable) {
            lookAhead(into);
        }
        return written;
    }

    private void addToRun(int length) {
        if (written > 0) {
            long begin = StreamMemory.begin(written, length);
            if (begin != runEnd) {
                runBegin = begin;
            }
            runEnd = written;
        }
    }

    private Publication begin(Link into) {
        link = into;
        if (stream != into.stream()) {
            stream = into.stream();
            memory = stream.memory();
            runEnd = NOWHERE;
            comfortable = 0;
            awaitedInVain = 0;
        }
        discardedBefore = into.discardedMessages();
        return into.publication();
    }

    private static int frameLength(Batch batch, int i) {
        return StreamMemory.HEADER + Envelope.length(batch.topic(i), batch.payloadLength(i));
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

    /** Claims one frame, divides it, and completes the first part: the others are there as soon as that one is. */
    private long writeFrames(
            Publication publication, int length, int replica, long timestampUs, Batch batch, int from, int to) {
        long end = publication.tryClaim(length - StreamMemory.HEADER, claim);
        if (end > 0) {
            long begin = StreamMemory.begin(end, length);
            MutableDirectBuffer frames = claim.buffer();
            int first = frameLength(batch, from);
            try {
                int at = 0;
                for (int i = from; i < to; i++) {
                    int frame = i == from ? first : frameLength(batch, i);
                    if (at + frame > length || (i == to - 1 && at + frame < length)) {
                        throw new ConcurrentModificationException("the batch was changed while it was published");
                    }
                    Envelope.write(
                            frames,
                            at + StreamMemory.HEADER,
                            frame - StreamMemory.HEADER,
                            replica,
                            timestampUs,
                            batch.topic(i),
                            batch.payload(i),
                            batch.kind(i));
                    if (i > from) {
                        memory.divide(frames, at, frame, begin);
                    }
                    at = (int) StreamMemory.end(at, frame);
                }
            } catch (RuntimeException | Error e) {
                claim.abort();
                throw e;
            }
            claim.reservedValue(memory.key(begin));
            if (mayBeDiscarded()) {
                claim.abort();
                return DISCARDED;
            }
            if (!memory.completeFirst(begin, length, first)) {
                return DISCARDED;
            }
            if (claim.headerType() != DataHeaderFlyweight.HDR_TYPE_DATA) {
                return whatBecameOf(begin, end);
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
