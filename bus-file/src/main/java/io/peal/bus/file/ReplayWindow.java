package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.Reader;
import io.peal.bus.TopicSet;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The newest messages of another transport, kept by one process for its own readers: an {@link OrderLog} with a single writer,
 * in which each message has the position that it was given elsewhere. Any rising numbers will do. It gives a bus
 * that cannot be read twice what {@link FileBus} has: readers anywhere, replay by topic, gaps with both ends known.
 *
 * <p>Appending belongs to one thread at a time; everything else is thread-safe. What is older than the retained length is
 * trimmed. Nobody waits for a reader.
 */
public final class ReplayWindow implements AutoCloseable {

    /** The fewest segments that hold the retained length. */
    private static final int MIN_SEGMENTS = 4;

    private static final int INDEX_SLOTS_LOG2 = 16;

    private final Path directory;
    private final ErrorHandler errorHandler;
    private final LogHome home;
    private final OrderLog log;
    private final long begin;
    private volatile long newest;

    private ReplayWindow(
            BusDirectory directory, int segmentLength, long length, long begin, ErrorHandler errorHandler) {
        this.directory = directory.path();
        this.errorHandler = errorHandler;
        Control control = Control.openOrCreate(directory, new Geometry(INDEX_SLOTS_LOG2, segmentLength));
        control.retainLength(length);
        this.home = new LogHome(directory, control, "window", errorHandler);
        this.log = home.log();
        this.begin = begin;
        this.newest = begin;
        home.keep(errorHandler::onError);
    }

    /**
     * A new, empty window.
     *
     * @param directory made for it, and removed when it is closed
     * @param length how many bytes of messages are kept; raised to what four of the longest messages need
     * @param maxPayloadLength the longest payload that will be appended
     * @param begin the position behind which it begins: what comes after that is here
     */
    public static ReplayWindow create(
            Path directory, long length, int maxPayloadLength, long begin, ErrorHandler errorHandler) {
        int segmentLength = segmentLength(length, maxPayloadLength);
        BusDirectory prepared = BusDirectory.prepare(directory, false);
        prepared.checkRoom(Math.max(length, (long) MIN_SEGMENTS * segmentLength));
        return new ReplayWindow(
                prepared, segmentLength, Math.max(length, (long) MIN_SEGMENTS * segmentLength), begin, errorHandler);
    }

    /** A quarter of a segment must hold the longest message; and there should be some sixteen of them. */
    private static int segmentLength(long length, int maxPayloadLength) {
        long wanted =
                Math.max(4L * (maxPayloadLength + WindowRecord.PREFIX_LENGTH + DataLayout.HEADER_LENGTH), length / 16);
        long segment = Long.highestOneBit(wanted);
        segment = segment < wanted ? segment * 2 : segment;
        if (segment > Geometry.MAX_DATA_SEGMENT_LENGTH) {
            throw new IllegalArgumentException("a window cannot hold payloads of " + maxPayloadLength + " bytes");
        }
        return (int) Math.max(segment, Geometry.MIN_DATA_SEGMENT_LENGTH);
    }

    /** Appends a message, whose position is behind that of the message before. */
    public void append(WindowRecord record) {
        if (record.position() <= newest) {
            throw new IllegalArgumentException(
                    "position " + record.position() + " is not behind the newest, which is " + newest);
        }
        record.behind(newest);
        log.append(record);
        newest = record.position();
    }

    /** The position behind which it began. */
    public long begin() {
        return begin;
    }

    /** The position of the newest message, or that behind which the window begins. */
    public long newest() {
        return newest;
    }

    /** The position of the message before the oldest one that is kept: everything behind it is here. */
    public long beforeOldest() {
        return previousOf(log.oldest(), log.newViews());
    }

    /**
     * Whether everything behind {@code position} of some topics can be read, or nothing of them was trimmed.
     *
     * @param topics null for all
     */
    public boolean isCompleteBehind(long position, @Nullable TopicSet topics) {
        return position >= beforeOldest() || (position >= begin && topics != null && !log.mayHaveTrimmed(topics, 0));
    }

    /**
     * A cursor that stands right behind {@code position}, or where the window begins if that is later.
     *
     * @param topics null for all
     * @param checkOpen throws when nothing may be read any more
     */
    public Reader newReader(long position, @Nullable TopicSet topics, Runnable checkOpen) {
        return new WindowReader(this, position, topics, checkOpen);
    }

    /** Ends it and removes its directory. Its readers are not to be polled any more. */
    @Override
    public void close() {
        home.stop();
        home.close();
        remove(directory);
    }

    /** Removes the directory of a window, as far as that is possible: also of one whose process is dead. */
    public static void remove(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new BusException("cannot remove the replay window " + directory, e);
        }
    }

    OrderLog log() {
        return log;
    }

    ErrorHandler errorHandler() {
        return errorHandler;
    }

    /** The last index in the log whose message is not behind {@code position}. */
    long indexOf(long position, SegmentViews views) {
        long low = log.oldest() - 1;
        long high = log.newest();
        if (position >= positionOf(high, views)) {
            return high;
        }
        while (low < high) {
            long middle = (low + high + 1) >>> 1;
            if (positionOf(middle, views) <= position) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** The position of the message at an index of the log; {@link #begin} or less if it is trimmed. */
    long positionOf(long index, SegmentViews views) {
        return index == 0 ? begin : read(index, WindowRecord.POSITION_AT, views);
    }

    /** The position of the message before an index, or if that is trimmed before the oldest. */
    long previousOf(long index, SegmentViews views) {
        for (long at = index; ; at = log.oldest()) {
            if (at > log.newest()) {
                return newest;
            }
            long previous = read(at, WindowRecord.PREVIOUS_AT, views);
            if (previous != TRIMMED) {
                return previous;
            }
        }
    }

    private static final long TRIMMED = -1;

    private long read(long index, int field, SegmentViews views) {
        long value = TRIMMED;
        IndexSegment segment = log.segmentOf(index);
        long descriptor = segment == null ? Descriptor.EMPTY : segment.get(index);
        if (Descriptor.isRecord(descriptor)) {
            try {
                SegmentView view = views.of(descriptor);
                if (view != null) {
                    int at = view.placeOf(Descriptor.offset(descriptor));
                    value = view.payloadLong(at, view.topicLength(at), field);
                }
            } catch (BusException deleted) {
                value = TRIMMED;
            }
        }
        VarHandle.acquireFence(); // it was read before this is asked
        return log.oldest() > index ? TRIMMED : value;
    }
}
