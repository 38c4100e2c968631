package io.peal.bus.file;

import io.peal.bus.BusException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Forces the log to the disk. What is there is described by the <em>checkpoint</em>, a position shared by all processes:
 * everything up to it, whoever published it, survives a power cut. Any process may move it on. Thread-safe; threads that
 * wait for a position at the same time share one write.
 *
 * <p>The order makes it true: a position is looked up first, whose records are complete by then; then the records are
 * forced, and the names of their files; then the index, and the names of its files; only then the checkpoint is raised. A
 * file that has gone meanwhile was trimmed. A write that has failed is never tried again, because the system may have
 * dropped what it could not write: from then on nothing is called durable.
 */
final class Disk {

    private final BusDirectory directory;
    private final Control control;
    private final int indexSlotsLog2;
    private final OrderLog log;
    private final Set<DataFile> clean = new HashSet<>(); // guarded by this: forced after they were sealed
    private List<DataFile> namesForced = List.of(); // guarded by this
    private long indexNamesForced = -1; // guarded by this: up to this segment number
    private @Nullable NotForcedException failure; // guarded by this

    Disk(BusDirectory directory, Control control, OrderLog log) {
        this.directory = directory;
        this.control = control;
        this.indexSlotsLog2 = control.geometry().indexSlotsLog2();
        this.log = log;
        SegmentFiles.force(directory.control()); // without it the rest would be worth nothing
        SegmentFiles.force(directory.path());
        Path parent = directory.path().getParent();
        if (parent != null) {
            SegmentFiles.force(parent);
        }
    }

    /** Returns when everything up to a position is on the disk. */
    void awaitUpTo(long position) {
        while (control.checkpoint() < position) {
            synchronized (this) {
                if (control.checkpoint() < position) { // not done by another thread while this one waited
                    force();
                }
            }
        }
    }

    /** Forces what is there now. */
    synchronized void checkpoint() {
        if (control.checkpoint() < log.newest()) {
            force();
        }
        SegmentFiles.force(directory.control()); // so that a recovery has less to look at
    }

    private synchronized void force() {
        NotForcedException failed = failure;
        if (failed != null) {
            throw new BusException(
                    failed.getMessage()
                            + "; so what follows cannot be relied on either: open the bus anew when the disk is well",
                    failed);
        }
        try {
            long to = log.newest();
            forceData();
            boolean newSegment = forceIndex(control.checkpoint() + 1, to);
            control.raiseCheckpoint(to);
            if (newSegment) { // so that a recovery begins to look in this segment or the one before
                SegmentFiles.force(directory.control());
            }
        } catch (NotForcedException e) {
            failure = e;
            throw e;
        }
    }

    private void forceData() {
        List<DataFile> files = directory.dataFiles();
        for (DataFile file : files) {
            if (!clean.contains(file) && forceAndLookWhetherSealed(directory.data(file))) {
                clean.add(file);
            }
        }
        clean.retainAll(files);
        if (!files.equals(namesForced)) {
            SegmentFiles.force(directory.allData());
            namesForced = files;
        }
    }

    /** Returns whether index segments were forced that were not there the last time. */
    private boolean forceIndex(long from, long to) {
        long first = from >>> indexSlotsLog2;
        long last = to >>> indexSlotsLog2;
        for (long number = first; number <= last; number++) {
            if (log.segmentOf(number << indexSlotsLog2) != null) {
                SegmentFiles.forceIfThere(directory.index(number));
            }
        }
        boolean newSegment = last > indexNamesForced;
        if (newSegment) {
            SegmentFiles.force(directory.allIndex());
            indexNamesForced = last;
        }
        return newSegment;
    }

    /** Whether nothing was added to the file after it was forced. */
    private static boolean forceAndLookWhetherSealed(Path file) {
        return SegmentFiles.uninterruptibly(file, () -> {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
                ByteBuffer sealedAt = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                channel.read(sealedAt, DataLayout.SEALED_AT_AT);
                SegmentFiles.force(channel, file, false);
                return sealedAt.getLong(0) != DataLayout.OPEN;
            } catch (NoSuchFileException trimmed) {
                return true;
            }
        });
    }
}
