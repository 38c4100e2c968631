package io.peal.bus.file;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/**
 * The data segments that readers of this process have mapped, the most recently used ones. Thread-safe. Readers keep what
 * they use, so this is asked when one moves to another segment, not for each record.
 *
 * <p>A segment that falls out is unmapped by the garbage collector when the last reader has left it: nothing is ever
 * unmapped under somebody's feet.
 */
final class DataSegments {

    private static final int CAPACITY = 256;

    /** Which segment of which writer. */
    private record Key(int writerId, long number) {}

    private final BusDirectory directory;
    private final UUID busId;
    private final int segmentLength;
    private final Map<Key, DataSegment> recent = new LinkedHashMap<>(64, 0.75f, true) {

        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, DataSegment> eldest) {
            return size() > CAPACITY;
        }
    };

    DataSegments(BusDirectory directory, UUID busId, int segmentLength) {
        this.directory = directory;
        this.busId = busId;
        this.segmentLength = segmentLength;
    }

    /** A segment of a writer's log. */
    synchronized DataSegment segment(int writerId, long number) {
        return recent.computeIfAbsent(
                new Key(writerId, number), key -> DataSegment.open(directory, busId, writerId, number, segmentLength));
    }
}
