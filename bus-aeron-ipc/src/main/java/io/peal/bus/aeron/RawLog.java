package io.peal.bus.aeron;

import io.aeron.LogBuffers;
import io.aeron.logbuffer.FrameDescriptor;
import io.aeron.logbuffer.LogBufferDescriptor;
import io.aeron.logbuffer.LogBufferUnblocker;
import io.aeron.protocol.DataHeaderFlyweight;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The memory of a stream, read without a subscription: what is still there when its driver is not. A frame is believed if its
 * header says that it belongs where it is. Places count the bytes of the stream from its beginning. Not thread-safe.
 */
final class RawLog implements AutoCloseable {

    /** Is given whole messages. */
    interface Handler {

        /** A message; {@code place} is where it ends. */
        void onMessage(DirectBuffer buffer, int offset, int length, long place);
    }

    private static final int ALIGNMENT = FrameDescriptor.FRAME_ALIGNMENT;
    private static final int HEADER = DataHeaderFlyweight.HEADER_LENGTH;

    private final LogBuffers memory;
    private final UnsafeBuffer[] terms;
    private final UnsafeBuffer metaData;
    private final int termLength;
    private final int shift;
    private final int initialTermId;
    private final ExpandableArrayBuffer assembled = new ExpandableArrayBuffer();
    private int assembledLength;
    private boolean assembling;

    RawLog(Path file) {
        memory = new LogBuffers(file.toString());
        terms = memory.duplicateTermBuffers();
        metaData = memory.metaDataBuffer();
        termLength = memory.termLength();
        shift = LogBufferDescriptor.positionBitsToShift(termLength);
        initialTermId = LogBufferDescriptor.initialTermId(metaData);
    }

    /** The file of a publication's log. */
    static Path file(Path aeronDirectory, long registrationId) {
        return aeronDirectory.resolve("publications").resolve(registrationId + ".logbuffer");
    }

    /** Where the last message that anybody has begun to write ends. */
    long tail() {
        int termCount = LogBufferDescriptor.activeTermCount(metaData);
        long rawTail = LogBufferDescriptor.rawTailVolatile(metaData, LogBufferDescriptor.indexByTermCount(termCount));
        return LogBufferDescriptor.computePosition(
                LogBufferDescriptor.termId(rawTail),
                LogBufferDescriptor.termOffset(rawTail, termLength),
                shift,
                initialTermId);
    }

    /** The oldest place at which there is a frame, the tail if there is none. What the driver has cleaned is before it. */
    long oldest() {
        long tail = tail();
        for (long place = Math.max(0, tail - 2L * termLength) & -ALIGNMENT; place < tail; place += ALIGNMENT) {
            if (frameLength(place) > 0) {
                return place;
            }
        }
        return tail;
    }

    /**
     * Gives the messages from one place to another, as long as they are there.
     *
     * @return the place up to which all was there
     */
    long read(long from, long to, Handler handler) {
        assembling = false;
        long place = from;
        while (place < to) {
            int length = frameLength(place);
            if (length <= 0) {
                break;
            }
            take(place, length, handler);
            place += align(length);
        }
        return place;
    }

    /** Gives the messages from one place to another, and passes over what is missing or was never completed. */
    void readWhatIsThere(long from, long to, Handler handler) {
        for (long place = from; place < to; ) {
            long end = read(place, to, handler);
            place = end == place ? place + ALIGNMENT : end;
        }
    }

    /** Ends the wait for a message that was begun at a place and will not be completed, as the driver would do. */
    void unblock(long place) {
        LogBufferUnblocker.unblock(terms, metaData, place, termLength);
    }

    @Override
    public void close() {
        memory.close();
    }

    private void take(long place, int length, Handler handler) {
        UnsafeBuffer term = termAt(place);
        int offset = offset(place);
        if (FrameDescriptor.isPaddingFrame(term, offset)) {
            return;
        }
        int flags = FrameDescriptor.frameFlags(term, offset) & 0xff;
        long end = place + align(length);
        if ((flags & 0xc0) == 0xc0) {
            assembling = false;
            handler.onMessage(term, offset + HEADER, length - HEADER, end);
            return;
        }
        if ((flags & 0x80) != 0) {
            assembledLength = 0;
            assembling = true;
        }
        if (assembling) {
            assembled.putBytes(assembledLength, term, offset + HEADER, length - HEADER);
            assembledLength += length - HEADER;
            if ((flags & 0x40) != 0) {
                assembling = false;
                handler.onMessage(assembled, 0, assembledLength, end);
            }
        }
    }

    /** The length of the complete frame at a place, 0 if there is none. */
    private int frameLength(long place) {
        UnsafeBuffer term = termAt(place);
        int offset = offset(place);
        int length = FrameDescriptor.frameLengthVolatile(term, offset);
        boolean fits = length >= HEADER && length <= termLength - offset;
        return fits
                        && term.getInt(offset + DataHeaderFlyweight.TERM_OFFSET_FIELD_OFFSET, ByteOrder.LITTLE_ENDIAN)
                                == offset
                        && term.getInt(offset + DataHeaderFlyweight.TERM_ID_FIELD_OFFSET, ByteOrder.LITTLE_ENDIAN)
                                == initialTermId + (int) (place >>> shift)
                ? length
                : 0;
    }

    private UnsafeBuffer termAt(long place) {
        return terms[(int) ((place >>> shift) % LogBufferDescriptor.PARTITION_COUNT)];
    }

    private int offset(long place) {
        return (int) place & (termLength - 1);
    }

    private static int align(int length) {
        return (length + ALIGNMENT - 1) & -ALIGNMENT;
    }
}
