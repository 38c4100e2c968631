package io.peal.bus.file;

import io.peal.bus.BusException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The data log of this process: the segment that is being filled, and a spare that is made ahead of need. Thread-safe;
 * only moving on to the next segment takes a lock, which no other process ever waits for.
 */
final class DataLog {

    private final BusDirectory directory;
    private final UUID busId;
    private final int writerId;
    private final int segmentLength;
    private final Maintenance maintenance;
    private volatile DataSegment active;
    private @Nullable DataSegment spare; // guarded by this

    DataLog(BusDirectory directory, UUID busId, int writerId, int segmentLength, Maintenance maintenance) {
        this.directory = directory;
        this.busId = busId;
        this.writerId = writerId;
        this.segmentLength = segmentLength;
        this.maintenance = maintenance;
        this.active = create(0);
        maintenance.execute(this::makeSpare);
    }

    int writerId() {
        return writerId;
    }

    /** The segment to reserve room in. */
    DataSegment active() {
        return active;
    }

    /** Moves on from a segment without room, unless another thread has done so. */
    synchronized void rollFrom(DataSegment full) {
        if (active == full) {
            long number = full.number() + 1;
            DataSegment next = spare;
            active = next != null ? next : create(number);
            spare = null;
            maintenance.execute(this::makeSpare);
        }
    }

    private synchronized void makeSpare() {
        if (spare == null) {
            try {
                spare = create(active.number() + 1);
            } catch (BusException e) {
                spare = null; // whoever needs it tries again, and is told
            }
        }
    }

    private DataSegment create(long number) {
        return DataSegment.create(directory, busId, writerId, number, segmentLength);
    }
}
