package io.peal.bus.aeron;

import io.aeron.logbuffer.FrameDescriptor;
import io.aeron.logbuffer.LogBufferDescriptor;
import io.aeron.logbuffer.LogBufferUnblocker;
import io.aeron.protocol.DataHeaderFlyweight;
import io.peal.bus.BusException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The memory of a stream, as all processes of the host share it. Readers read here, and not through Aeron's subscriptions: so
 * they can begin anywhere, and go on when the driver is dead. Places count the bytes of the stream from its beginning.
 * Thread-safe.
 *
 * <p>Two things make a frame believable. Its header says that it belongs where it is, which older frames in the same memory
 * do not. And a frame of the bus has a key in its reserved field, which follows from its place and a secret of the
 * bus: so nobody can make readers take a part of a payload for a frame, and what another program publishes is told apart. One bit of
 * the key says whether the frame is the first of its claim; only there does anybody begin to read who does not come from the frame before.
 *
 * <p>A length that no frame has is not believed, either: who went by it would tell the driver that all of the memory it passed over may
 * be cleaned.
 *
 * <p>The driver cleans the memory behind the slowest subscription, from lower to higher places. So if the header of a frame is
 * as it should be after others behind it were copied, then all of these copies are good.
 *
 * <p>It is unmapped when nobody refers to it any more, and never while somebody reads.
 */
final class StreamMemory {

    /** Of Aeron's header. */
    static final int HEADER = DataHeaderFlyweight.HEADER_LENGTH;

    /** Says that at some place, there is a frame that does not belong there. */
    static final int OF_ANOTHER_TIME = Integer.MIN_VALUE;

    private static final int ALIGNMENT = FrameDescriptor.FRAME_ALIGNMENT;
    private static final int WHOLE = FrameDescriptor.UNFRAGMENTED & 0xff;
    private static final int TERMS = LogBufferDescriptor.PARTITION_COUNT;
    private static final long GOLDEN = 0x9e37_79b9_7f4a_7c15L;

    /** Of a key: whether the frame is behind another one of the same claim. */
    private static final long DIVIDED = Long.MIN_VALUE;

    private final UnsafeBuffer[] terms = new UnsafeBuffer[TERMS];
    private final UnsafeBuffer metaData;
    private final long secret;
    private final int termLength;
    private final int longestFrame;
    private final int shift;
    private final int initialTermId;

    private StreamMemory(FileChannel file, long secret) throws IOException {
        this.secret = secret;
        long length = file.size();
        int metaDataLength = LogBufferDescriptor.LOG_META_DATA_LENGTH;
        if (length < metaDataLength) {
            throw new IllegalStateException("it is " + length + " bytes long, which is too short");
        }
        this.metaData = new UnsafeBuffer(file.map(MapMode.READ_WRITE, length - metaDataLength, metaDataLength));
        this.termLength = LogBufferDescriptor.termLength(metaData);
        LogBufferDescriptor.checkTermLength(termLength);
        if (length < (long) TERMS * termLength + metaDataLength) {
            throw new IllegalStateException(
                    "it is " + length + " bytes long, which is too short for terms of " + termLength);
        }
        this.longestFrame = LogBufferDescriptor.mtuLength(metaData);
        this.shift = LogBufferDescriptor.positionBitsToShift(termLength);
        this.initialTermId = LogBufferDescriptor.initialTermId(metaData);
        for (int i = 0; i < TERMS; i++) {
            terms[i] = new UnsafeBuffer(file.map(MapMode.READ_WRITE, (long) i * termLength, termLength));
        }
    }

    /**
     * Maps it.
     *
     * @throws DamagedStreamException if the file cannot be that
     * @throws BusException if it cannot be opened
     */
    static StreamMemory of(Path file, long secret) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return new StreamMemory(channel, secret);
        } catch (NoSuchFileException | IllegalStateException e) {
            throw new DamagedStreamException("the stream's memory in " + file + " is damaged or gone: " + e, e);
        } catch (IOException e) {
            throw new BusException("cannot read the stream's memory in " + file + ": " + e, e);
        }
    }

    /** The file of a publication's log. */
    static Path file(Path aeronDirectory, long registrationId) {
        return aeronDirectory.resolve("publications").resolve(registrationId + ".logbuffer");
    }

    /** In bytes, with its header. */
    int longestFrame() {
        return longestFrame;
    }

    int termLength() {
        return termLength;
    }

    /** Where what anybody has begun to write ends, if the memory is not damaged. */
    long tail() {
        int active = Math.floorMod(LogBufferDescriptor.activeTermCount(metaData), TERMS);
        long rawTail = LogBufferDescriptor.rawTailVolatile(metaData, active);
        return LogBufferDescriptor.computePosition(
                LogBufferDescriptor.termId(rawTail),
                LogBufferDescriptor.termOffset(rawTail, termLength),
                shift,
                initialTermId);
    }

    /**
     * The length of the complete frame at a place, which must be the end of another one.
     *
     * @return 0 or less if none is there; {@link #OF_ANOTHER_TIME} if something else is
     */
    int frameLength(long place) {
        UnsafeBuffer term = termAt(place);
        int offset = offset(place);
        int length = FrameDescriptor.frameLengthVolatile(term, offset);
        if (length <= 0) {
            return length == OF_ANOTHER_TIME ? -1 : length;
        }
        boolean here = length >= HEADER
                && length <= termLength - offset
                && term.getInt(offset + DataHeaderFlyweight.TERM_OFFSET_FIELD_OFFSET, ByteOrder.LITTLE_ENDIAN) == offset
                && term.getInt(offset + DataHeaderFlyweight.TERM_ID_FIELD_OFFSET, ByteOrder.LITTLE_ENDIAN)
                        == initialTermId + (int) (place >>> shift)
                && (length <= longestFrame || FrameDescriptor.isPaddingFrame(term, offset));
        return here ? length : OF_ANOTHER_TIME;
    }

    /** Where a frame of some length ends. */
    static long end(long place, int length) {
        return place + ((length + ALIGNMENT - 1) & -ALIGNMENT);
    }

    /** Where a frame of some length begins that ends at a place. */
    static long begin(long end, int length) {
        return end - ((length + ALIGNMENT - 1) & -ALIGNMENT);
    }

    boolean isPadding(long place) {
        return FrameDescriptor.isPaddingFrame(termAt(place), offset(place));
    }

    boolean isWholeMessage(long place) {
        return (flags(place) & WHOLE) == WHOLE;
    }

    boolean isFirstOfMessage(long place) {
        return (flags(place) & FrameDescriptor.BEGIN_FRAG_FLAG) != 0;
    }

    boolean isLastOfMessage(long place) {
        return (flags(place) & FrameDescriptor.END_FRAG_FLAG) != 0;
    }

    /** Whether the frame at a place is one of the bus. */
    boolean hasKey(long place) {
        return ((reserved(place) ^ key(place)) & ~DIVIDED) == 0;
    }

    /** Whether it was one of the bus, but is not to be read, because its publisher stood still in the middle of it. */
    boolean isTakenBack(long place) {
        return reserved(place) == ~key(place);
    }

    /** What stands in the reserved field of the frame at a place. */
    long key(long place) {
        long mixed = (place ^ secret) * GOLDEN;
        return mixed ^ (mixed >>> 29) ^ secret;
    }

    /** What the frame's field for the topic's hash says; of use only if the frame is a first one. */
    long topicHash(long place) {
        int at = offset(place) + HEADER + Envelope.TOPIC_HASH_AT;
        return at + Long.BYTES <= termLength ? termAt(place).getLong(at, ByteOrder.LITTLE_ENDIAN) : 0;
    }

    /** Copies what stands from a place on; it must be within a term. */
    void copy(long place, ByteBuffer target, int targetAt, int length) {
        termAt(place).getBytes(offset(place), target, targetAt, length);
    }

    /** The place of a frame whose header is in one of the terms. */
    long placeOf(int termId, int termOffset) {
        return LogBufferDescriptor.computePosition(termId, termOffset, shift, initialTermId);
    }

    /** Passes over complete frames, until it comes to a place or behind it; where it had to stop. */
    long walk(long from, long to, int mostFrames) {
        long place = from;
        for (int i = 0; i < mostFrames && place < to; i++) {
            int length = frameLength(place);
            if (length <= 0) {
                break;
            }
            place = end(place, length);
        }
        return place;
    }

    /**
     * Writes the head of a frame into another one that was claimed and is not complete yet.
     *
     * @param claimed all of what was claimed
     * @param at where in it the frame is to be
     * @param begin the place of what was claimed
     */
    void divide(MutableDirectBuffer claimed, int at, int length, long begin) {
        claimed.putLong(
                at + DataHeaderFlyweight.RESERVED_VALUE_OFFSET, key(begin + at) ^ DIVIDED, ByteOrder.LITTLE_ENDIAN);
        claimed.putLong(
                at + DataHeaderFlyweight.STREAM_ID_FIELD_OFFSET,
                claimed.getLong(DataHeaderFlyweight.STREAM_ID_FIELD_OFFSET));
        claimed.putInt(
                at + DataHeaderFlyweight.SESSION_ID_FIELD_OFFSET,
                claimed.getInt(DataHeaderFlyweight.SESSION_ID_FIELD_OFFSET));
        claimed.putInt(at + DataHeaderFlyweight.TERM_OFFSET_FIELD_OFFSET, offset(begin) + at, ByteOrder.LITTLE_ENDIAN);
        claimed.putInt(
                at + DataHeaderFlyweight.VERSION_FIELD_OFFSET,
                claimed.getInt(DataHeaderFlyweight.VERSION_FIELD_OFFSET));
        claimed.putInt(at, length, ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Completes what was claimed as one frame as several, of which all but the first are written.
     *
     * @return false if the driver has discarded it
     */
    boolean completeFirst(long begin, int claimed, int length) {
        return termAt(begin).compareAndSetInt(offset(begin), littleEndian(-claimed), littleEndian(length));
    }

    private static int littleEndian(int value) {
        return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? value : Integer.reverseBytes(value);
    }

    /**
     * The first frame of the bus that begins a message between two places, and is the first of its claim: others may be there
     * already while that one is not complete. {@code to} if there is none.
     */
    long firstMessage(long from, long to) {
        long kept = to - (long) TERMS * termLength; // what is before it is not there any more
        for (long place = Math.max(Math.max(0, from), kept) & -ALIGNMENT; place < to; place += ALIGNMENT) {
            if (frameLength(place) > 0 && reserved(place) == key(place) && isFirstOfMessage(place)) {
                return place;
            }
        }
        return to;
    }

    /** Ends the wait for a message that was begun at a place and will not be completed, as the driver would do. */
    void unblock(long place) {
        LogBufferUnblocker.unblock(terms, metaData, place, termLength);
    }

    private long reserved(long place) {
        return termAt(place)
                .getLong(offset(place) + DataHeaderFlyweight.RESERVED_VALUE_OFFSET, ByteOrder.LITTLE_ENDIAN);
    }

    private int flags(long place) {
        return FrameDescriptor.frameFlags(termAt(place), offset(place)) & 0xff;
    }

    private UnsafeBuffer termAt(long place) {
        return terms[(int) ((place >>> shift) % TERMS)];
    }

    private int offset(long place) {
        return (int) place & (termLength - 1);
    }
}
