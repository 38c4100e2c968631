package io.peal.bus.file;

import io.peal.bus.BusException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a bus whole that was on a disk when the machine stopped. Any page that was not forced may be there or not, each by
 * itself: a slot without its record, a record without its slot, a file without its content.
 *
 * <p>Everything is believed only after a look. What is a message, with its checksum, stays; a position that should have one
 * and has not gets a <em>tombstone</em>, so that readers are told the gap; index segments beyond a missing one are given up,
 * and so are files that are not what their names say. The bus then begins a new life, with another epoch, because
 * positions that were handed out and are lost now will be given to other messages.
 *
 * <p>It may be broken off anywhere and begun again: what marks it as done is written last. Who opens the bus meanwhile waits
 * at its lock; nobody else can be using the bus, since all who did have died with the machine.
 */
final class Recovery {

    private static final Logger LOGGER = LoggerFactory.getLogger(Recovery.class);
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(60);
    private static final long LOOK_AGAIN_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private final BusDirectory directory;
    private final Control control;
    private final int slotsLog2;
    private final TreeMap<Long, IndexSegment> index = new TreeMap<>();
    private final Map<DataFile, ByteBuffer> mended = new HashMap<>();
    private long begin;
    private long newest;
    private long lost;
    private int greatestWriterId;

    private Recovery(BusDirectory directory, Control control) {
        this.directory = directory;
        this.control = control;
        this.slotsLog2 = control.geometry().indexSlotsLog2();
    }

    /** Recovers a bus of another boot, unless somebody else does. */
    static void runIfNeeded(BusDirectory directory, Control control) {
        long deadline = System.nanoTime() + PATIENCE_NS;
        while (!control.isOfThisBoot() && !tryToRun(directory, control)) {
            if (System.nanoTime() > deadline) {
                throw new BusException(directory.path() + " is being recovered by another process for more than "
                        + TimeUnit.NANOSECONDS.toSeconds(PATIENCE_NS) + " s: look at the one that holds "
                        + directory.recoveryLock() + ", or remove the directory");
            }
            LockSupport.parkNanos(LOOK_AGAIN_NS);
        }
    }

    private static boolean tryToRun(BusDirectory directory, Control control) {
        return SegmentFiles.uninterruptibly(directory.recoveryLock(), () -> {
            try (FileChannel channel = SegmentFiles.openLock(directory.recoveryLock());
                    FileLock lock = channel.tryLock()) {
                if (lock == null) {
                    return false;
                }
                if (!control.isOfThisBoot()) {
                    new Recovery(directory, control).run();
                }
                return true;
            } catch (OverlappingFileLockException anotherThreadOfThisJvm) {
                return false;
            }
        });
    }

    private void run() {
        removeWhatIsNotWhole();
        findEnds();
        checkMessages();
        clearBehind();
        mended.keySet().forEach(file -> SegmentFiles.force(directory.data(file)));
        forceIndex(); // before anything in the control file relies on the tombstones
        control.beginAnew(begin, newest, greatestWriterId);
        SegmentFiles.force(directory.control());
        control.stamp();
        SegmentFiles.force(directory.control());
        LOGGER.warn(
                "recovered {} after the machine has stopped: positions {} to {} are kept, {} of them have lost their"
                        + " messages, epoch is {} now",
                directory.path(),
                begin,
                newest,
                lost,
                String.format("%016x", control.epoch()));
    }

    private void removeWhatIsNotWhole() {
        SegmentFiles.delete(directory.trimmedTopics()); // it speaks of positions of a life that is over
        for (Path file : BusDirectory.list(directory.allIndex())) {
            long number = BusDirectory.indexNumber(file);
            IndexSegment segment = number < 0 ? null : mapIfWhole(file, number);
            if (segment == null) {
                SegmentFiles.delete(file);
            } else {
                index.put(number, segment);
            }
        }
        for (DataFile file : directory.dataFiles()) {
            greatestWriterId = Math.max(greatestWriterId, file.writerId());
            if (mapIfWhole(file) == null) {
                SegmentFiles.delete(directory.data(file));
            }
        }
    }

    private @Nullable IndexSegment mapIfWhole(Path file, long number) {
        try {
            return IndexSegment.map(file, control.busId(), number, slotsLog2);
        } catch (DamagedFileException damaged) {
            return null;
        }
    }

    private @Nullable ByteBuffer mapIfWhole(DataFile file) {
        int length = control.geometry().dataSegmentLength();
        try {
            ByteBuffer memory = SegmentFiles.mapReadOnly(directory.data(file), length);
            boolean whole = DataSegment.isSegment(memory, control.busId(), file.writerId(), file.number(), length);
            return whole ? memory : null;
        } catch (DamagedFileException damaged) {
            return null;
        }
    }

    /**
     * Keeps the index segments without a hole around the one of the checkpoint, or the next ones if that was trimmed, and
     * finds the last slot that is full. If none is, the log goes on behind what was forced: a segment that was made for
     * later and never used is no sign that anything was published up to there.
     */
    private void findEnds() {
        long forced = Math.max(control.checkpoint(), control.oldest() - 1);
        Long around = index.ceilingKey(forced >>> slotsLog2);
        if (around != null) {
            long first = around;
            while (index.containsKey(first - 1)) {
                first--;
            }
            long last = around;
            while (index.containsKey(last + 1)) {
                last++;
            }
            removeAllIndexBut(first, last);
            begin = Math.max(control.oldest(), first << slotsLog2);
            newest = ((last + 1) << slotsLog2) - 1;
            while (newest >= begin && (get(newest) == Descriptor.EMPTY || get(newest) == Descriptor.ZEROS)) {
                newest--;
            }
        }
        if (around == null || newest < begin) {
            removeAllIndexBut(0, -1);
            begin = forced + 1;
            newest = forced;
        }
    }

    private void removeAllIndexBut(long first, long last) {
        index.keySet().removeIf(number -> {
            boolean beyondAHole = number < first || number > last;
            if (beyondAHole) {
                SegmentFiles.delete(directory.index(number));
            }
            return beyondAHole;
        });
    }

    /**
     * Puts tombstones, and mends what is noted beside the records; a beginning without messages is given up instead. What was
     * forced is looked at, too: it may have been trimmed and its room used again, without that having reached the disk.
     */
    private void checkMessages() {
        int segmentLength = control.geometry().dataSegmentLength();
        SegmentViews views = new SegmentViews(new DataFiles(directory, control.busId(), segmentLength), segmentLength);
        RecordCopy copy = new RecordCopy();
        boolean found = false;
        for (long position = begin; position <= newest; position++) {
            long descriptor = get(position);
            greatestWriterId = Math.max(greatestWriterId, Descriptor.writerId(descriptor));
            if (isMessage(descriptor, views, copy)) {
                found = true;
                mendBucket(descriptor, views, DataLayout.bucketOf(copy.topicHash()));
            } else if (!found) {
                begin = position + 1;
            } else {
                lost++;
                segmentOf(position).bury(position);
            }
        }
    }

    /** What was not forced may be zeros, which are no free slots of any segment but the first. */
    private void clearBehind() {
        if (!index.isEmpty()) {
            long end = (index.lastKey() + 1) << slotsLog2;
            for (long position = newest + 1; position < end; position++) {
                segmentOf(position).clear(position);
            }
        }
    }

    /** A record can have reached the disk without its bucket, which no checksum covers. */
    private void mendBucket(long descriptor, SegmentViews views, int bucket) {
        SegmentView view = views.of(descriptor);
        long offset = Descriptor.offset(descriptor);
        if (view != null && view.bucket(view.placeOf(offset)) != bucket) {
            int segmentLength = control.geometry().dataSegmentLength();
            DataFile file = new DataFile(Descriptor.writerId(descriptor), offset / segmentLength);
            mended.computeIfAbsent(file, known -> SegmentFiles.map(directory.data(known), segmentLength))
                    .putShort(DataLayout.bucketAt(view.placeOf(offset)), (short) bucket);
        }
    }

    private static boolean isMessage(long descriptor, SegmentViews views, RecordCopy copy) {
        try {
            return Descriptor.isRecord(descriptor) && views.copyIntact(descriptor, copy);
        } catch (DamagedFileException missing) {
            return false;
        }
    }

    private long get(long position) {
        return segmentOf(position).get(position);
    }

    private IndexSegment segmentOf(long position) {
        IndexSegment segment = index.get(position >>> slotsLog2);
        if (segment == null) {
            throw new IllegalStateException("no index segment for position " + position);
        }
        return segment;
    }

    private void forceIndex() {
        index.keySet().forEach(number -> SegmentFiles.forceIfThere(directory.index(number)));
        SegmentFiles.force(directory.allIndex());
        SegmentFiles.force(directory.allData());
        SegmentFiles.force(directory.path());
    }
}
