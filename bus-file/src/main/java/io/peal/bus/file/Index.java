package io.peal.bus.file;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** The index segments of a bus, made and mapped when they are needed. Thread-safe; looking one up takes no lock. */
final class Index {

    private final BusDirectory directory;
    private final UUID busId;
    private final int slotsLog2;
    private final ConcurrentHashMap<Long, IndexSegment> segments = new ConcurrentHashMap<>();

    Index(BusDirectory directory, UUID busId, int slotsLog2) {
        this.directory = directory;
        this.busId = busId;
        this.slotsLog2 = slotsLog2;
    }

    /** The segment of a position; the caller keeps it, so that this is asked once a segment and not once a slot. */
    IndexSegment segmentOf(long position) {
        return segment(position >>> slotsLog2);
    }

    /** Makes the segment behind this one, and touches it. */
    void prepareBehind(IndexSegment segment) {
        segment(segment.number() + 1).touch();
    }

    /** Whether a position is the one in a segment at which the next segment is worth making. */
    boolean isMiddle(long position) {
        return (position & ((1L << slotsLog2) - 1)) == 1L << (slotsLog2 - 1);
    }

    private IndexSegment segment(long number) {
        IndexSegment known = segments.get(number);
        return known != null ? known : segments.computeIfAbsent(number, this::openOrCreate);
    }

    private IndexSegment openOrCreate(long number) {
        Path file = directory.index(number);
        if (Files.notExists(file)) {
            Path unfinished = directory.unfinished();
            SegmentFiles.create(
                    unfinished, IndexSegment.header(busId, number, slotsLog2), IndexLayout.length(slotsLog2));
            SegmentFiles.publish(unfinished, file);
        }
        return IndexSegment.map(file, busId, number, slotsLog2);
    }
}
