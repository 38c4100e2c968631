package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.BusFullException;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The data log of this process: the segment that is being filled, a spare that is made ahead of need, and those that are
 * full. Thread-safe; only moving on to the next segment takes a lock, which no other process ever waits for, and
 * which the background thread holds for a moment only.
 *
 * <p>A full segment whose records are all trimmed becomes the next spare. So a bus that has reached its retained length
 * writes the same memory again and again, which is already mapped and in the caches, instead of new pages.
 */
final class DataLog {

    /** Frees room. */
    interface Trimmer {

        /** Trims the log to what is to be retained. */
        void trim();

        /** Trims it further, because the file system is full. */
        void trimHarder();
    }

    private static final long REST_NS = 100_000;

    private final BusDirectory directory;
    private final UUID busId;
    private final int writerId;
    private final int segmentLength;
    private final Control control;
    private final Maintenance maintenance;
    private final LongSupplier newest;
    private final Trimmer trimmer;
    private final ArrayDeque<DataSegment> full = new ArrayDeque<>(); // guarded by this
    private final AtomicLong numbers = new AtomicLong(); // of segments, the next one
    private volatile DataSegment active;
    private @Nullable DataSegment spare; // guarded by this
    private long freeBefore = -1; // guarded by this: the number of the newest segment that was free the last time

    /**
     * @param newest the newest position of the log
     * @param trimmer trims the log before a segment is made
     */
    DataLog(
            BusDirectory directory,
            Control control,
            int writerId,
            Maintenance maintenance,
            LongSupplier newest,
            Trimmer trimmer) {
        this.directory = directory;
        this.busId = control.busId();
        this.writerId = writerId;
        this.segmentLength = control.geometry().dataSegmentLength();
        this.control = control;
        this.maintenance = maintenance;
        this.newest = newest;
        this.trimmer = trimmer;
        this.active = create(numbers.getAndIncrement(), SegmentFiles.WITHOUT_REST);
        maintenance.execute(this::prepare);
    }

    int writerId() {
        return writerId;
    }

    /** The segment to reserve room in. */
    DataSegment active() {
        return active;
    }

    /** Moves on from a segment without room, unless another thread has done so. */
    void rollFrom(DataSegment old) {
        synchronized (this) {
            if (active == old) {
                Steps.at(Steps.Step.ROLL_BEGUN);
                DataSegment next = spare != null ? spare : next(SegmentFiles.WITHOUT_REST);
                spare = null;
                active = next;
                full.add(old);
                Steps.at(Steps.Step.ROLL_DONE);
                maintenance.execute(this::prepare);
            }
        }
        if (old.isToBeSealed()) {
            seal(old);
        }
    }

    /** All of a segment is finished: nothing more of it will get into the index. */
    void seal(DataSegment segment) {
        segment.seal(newest.getAsLong());
    }

    /** Deletes what was free the last time and is not used again yet: a busy writer will need the rest, a quiet one has none. */
    synchronized void deleteUnused() {
        long newestFree = -1;
        for (Iterator<DataSegment> each = full.iterator(); each.hasNext(); ) {
            DataSegment segment = each.next();
            if (isFree(segment)) {
                newestFree = Math.max(newestFree, segment.number());
                if (segment.number() <= freeBefore) {
                    each.remove();
                    SegmentFiles.delete(directory.data(writerId, segment.number()));
                }
            }
        }
        freeBefore = newestFree;
    }

    /** Ends the log: what is complete is sealed, what was never used is deleted. */
    synchronized void close() {
        if (spare != null) {
            SegmentFiles.delete(directory.data(writerId, spare.number()));
            spare = null;
        }
        if (active.retire()) {
            seal(active);
        }
        Steps.at(Steps.Step.LEAVE_SEALED);
    }

    /** Makes the spare, and holds no lock meanwhile: a publisher that needs one at once makes its own. */
    private void prepare() {
        trimmer.trim();
        if (hasSpare()) {
            return;
        }
        DataSegment made;
        try {
            made = next(this::restUnlessHurried);
        } catch (BusException e) {
            return; // whoever needs it tries again, and is told
        }
        synchronized (this) {
            spare = made;
        }
    }

    /** Lets others have the processor who spin or publish, unless the segment is needed soon: making one takes milliseconds. */
    private void restUnlessHurried() {
        if (active.isHalfFree()) {
            LockSupport.parkNanos(REST_NS);
        }
    }

    private synchronized boolean hasSpare() {
        return spare != null;
    }

    /** A segment with a new number: one that is free, or a new one, or one that is free because the log was trimmed. */
    private DataSegment next(Runnable rest) {
        long number = numbers.getAndIncrement();
        DataSegment free = takeFree();
        if (free == null) {
            try {
                return create(number, rest);
            } catch (BusFullException e) {
                trimmer.trimHarder();
                free = takeFree();
                if (free == null) {
                    return create(number, rest);
                }
            }
        }
        try {
            return free.recycle(directory, busId, number);
        } catch (BusException deletedBySomebody) {
            return create(number, rest);
        }
    }

    private synchronized @Nullable DataSegment takeFree() {
        for (Iterator<DataSegment> each = full.iterator(); each.hasNext(); ) {
            DataSegment segment = each.next();
            if (isFree(segment)) {
                each.remove();
                return segment;
            }
        }
        return null;
    }

    /** Whether the log is trimmed beyond all of its records. */
    private boolean isFree(DataSegment segment) {
        long sealedAt = segment.sealedAt();
        return sealedAt != DataLayout.OPEN && sealedAt < control.oldest();
    }

    private DataSegment create(long number, Runnable rest) {
        return DataSegment.create(directory, busId, writerId, number, segmentLength, rest);
    }
}
