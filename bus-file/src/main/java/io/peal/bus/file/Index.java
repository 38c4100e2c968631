package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.BusFullException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The index segments of a bus, made and mapped when they are needed. Thread-safe; looking one up takes no lock.
 *
 * <p>A process that was stopped while it made a segment may go on when that segment has long been filled, trimmed and
 * deleted, and would then bring an empty one back from the dead. So whoever has made or opened a segment looks once more
 * where the log begins: the beginning is raised before anything is deleted, so it shows what has happened.
 */
final class Index {

    private final BusDirectory directory;
    private final Control control;
    private final UUID busId;
    private final int slotsLog2;
    private final ConcurrentHashMap<Long, IndexSegment> segments = new ConcurrentHashMap<>();

    Index(BusDirectory directory, Control control) {
        this.directory = directory;
        this.control = control;
        this.busId = control.busId();
        this.slotsLog2 = control.geometry().indexSlotsLog2();
    }

    /**
     * The segment of a position, made if need be; null if it is trimmed. The caller keeps it, so that this is asked once a
     * segment and not once a slot.
     */
    @Nullable
    IndexSegment segmentOf(long position) {
        return segment(position >>> slotsLog2, false);
    }

    /** The segment of a position if somebody has made it and it is not trimmed; else null. For those who only read. */
    @Nullable
    IndexSegment existingSegmentOf(long position) {
        long number = position >>> slotsLog2;
        IndexSegment known = segments.get(number);
        return known != null || Files.notExists(directory.index(number)) ? known : segment(number, false);
    }

    /**
     * Makes the segment behind this one, of the file of a trimmed one if there is any, and touches it. So a bus that has reached its
     * retained length needs no new memory: what is deleted stays in use by every process until its garbage collector
     * finds the mappings, which may take days. Where there is no room, a publisher may find some when it needs the segment.
     */
    void prepareBehind(IndexSegment segment) {
        try {
            IndexSegment next = segment(segment.number() + 1, true);
            if (next != null) {
                next.touch(directory.isInMemory());
            }
        } catch (BusFullException e) {
            return; // whoever needs it tries again, and is told
        }
    }

    /** Whether the log begins behind all positions of a segment. */
    boolean isTrimmed(long number) {
        return (number + 1) << slotsLog2 <= control.oldest();
    }

    /** Lets go of the segments that are trimmed. */
    void forgetTrimmed() {
        segments.keySet().removeIf(this::isTrimmed);
    }

    private @Nullable IndexSegment segment(long number, boolean mayRecycle) {
        IndexSegment known = segments.get(number);
        return known != null ? known : open(number, mayRecycle);
    }

    private synchronized @Nullable IndexSegment open(long number, boolean mayRecycle) {
        IndexSegment known = segments.get(number);
        if (known != null || isTrimmed(number)) {
            return known;
        }
        try {
            IndexSegment opened = openOrCreate(number, mayRecycle);
            Steps.at(Steps.Step.INDEX_LINKED);
            if (isTrimmed(number)) {
                SegmentFiles.delete(directory.index(number));
                return null;
            }
            Steps.at(Steps.Step.INDEX_CHECKED);
            segments.put(number, opened);
            return opened;
        } catch (BusException e) {
            if (isTrimmed(number)) { // deleted while it was opened
                return null;
            }
            throw e;
        }
    }

    private IndexSegment openOrCreate(long number, boolean mayRecycle) {
        Path file = directory.index(number);
        Path unfinished = directory.unfinished();
        SegmentFiles.createIfMissing(file, unfinished, () -> {
            boolean recycled = mayRecycle && takeTrimmed(unfinished);
            if (!recycled) {
                SegmentFiles.create(
                        unfinished, IndexSegment.header(busId, number, slotsLog2), IndexLayout.length(slotsLog2));
            }
            ByteBuffer memory = SegmentFiles.map(unfinished, IndexLayout.length(slotsLog2));
            SegmentFiles.touch(memory, directory.isInMemory());
            IndexSegment.format(memory, busId, number, slotsLog2);
            if (recycled) {
                SegmentFiles.force(unfinished); // else a power cut could bring its descriptors back
            }
            Steps.at(Steps.Step.INDEX_UNFINISHED);
        });
        return IndexSegment.map(file, busId, number, slotsLog2);
    }

    /** Takes the file of a trimmed segment for this process alone; false if there is none. */
    private boolean takeTrimmed(Path unfinished) {
        for (Path file : BusDirectory.list(directory.allIndex())) {
            long number = BusDirectory.indexNumber(file);
            if (number >= 0 && isTrimmed(number)) {
                if (SegmentFiles.take(file, unfinished)) {
                    Steps.at(Steps.Step.INDEX_TAKEN);
                    return true;
                }
            }
        }
        return false;
    }
}
