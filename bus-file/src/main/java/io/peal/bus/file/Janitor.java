package io.peal.bus.file;

import io.peal.bus.BusException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the log at its retained length and age, buries participants that died, and removes what nobody needs any more.
 * Every process has one, on its maintenance thread; one of them, which holds a lock, does the work of each second. All of
 * it may be done twice, or be broken off anywhere: the log's beginning only ever rises, and it rises before anything is
 * deleted.
 */
final class Janitor implements AutoCloseable, DataLog.Trimmer {

    private static final long STALE_BEAT_MS = 10_000;
    private static final long UNFINISHED_AGE_MS = 60_000;
    private static final long LOOK_MS = 3_000; // at what is in the directory, unless somebody has died
    private static final int INDEX_KEPT = 2; // trimmed segments, to be used again

    private final BusDirectory directory;
    private final Control control;
    private final Geometry geometry;
    private final Membership membership;
    private final Seals seals; // guarded by this
    private @Nullable OrderLog log;
    private @Nullable FileChannel lockFile;
    private boolean elected;
    private long newestSeen = -1;
    private long lookedMs;

    Janitor(BusDirectory directory, Control control, Membership membership) {
        this.directory = directory;
        this.control = control;
        this.geometry = control.geometry();
        this.membership = membership;
        this.seals = new Seals(directory);
    }

    /** The log it keeps; it does nothing before it has one. */
    void keep(OrderLog kept) {
        log = kept;
    }

    /** The work of each second. */
    void tick(long nowMs) {
        if (isElected() || nowMs - control.janitorBeatMs() > STALE_BEAT_MS) {
            control.beatAsJanitor(nowMs);
            boolean due = Math.abs(nowMs - lookedMs) >= LOOK_MS;
            boolean died = (due || wasPublished()) && membership.buryDead();
            if (died || due) {
                lookedMs = nowMs;
                sealLeftOpen();
                trim();
                trimWhatIsOld();
                deleteTrimmed();
                deleteUnfinished(nowMs);
            }
        }
        OrderLog kept = log;
        if (kept != null) {
            kept.forgetTrimmed();
        }
    }

    /** Whether anything was published since the last time. */
    private boolean wasPublished() {
        OrderLog kept = log;
        long newest = kept == null ? 0 : kept.newest();
        boolean published = newest != newestSeen;
        newestSeen = newest;
        return published;
    }

    /** Any process may do this at any time. */
    @Override
    public synchronized void trim() {
        trimTo(control.retention().length());
    }

    /** If there is nothing to delete, half of what is there has to do. */
    @Override
    public synchronized void trimHarder() {
        if (!deleteTrimmed()) {
            long live = seals.between(control.oldest(), Long.MAX_VALUE).length; // those that are open count, too
            trimTo(live / 2 * geometry.dataSegmentLength());
            deleteTrimmed();
        }
    }

    @Override
    public void close() {
        try {
            if (lockFile != null) {
                lockFile.close();
            }
        } catch (IOException e) {
            throw new BusException("cannot close " + directory.janitorLock(), e);
        }
    }

    private void trimTo(long length) {
        OrderLog kept = log;
        if (kept == null) {
            return;
        }
        long[] live = seals.between(control.oldest(), kept.newest());
        long excess = live.length - length / geometry.dataSegmentLength();
        if (excess > 0) {
            trimBefore(live[(int) Math.min(excess, live.length) - 1] + 1, kept);
        }
    }

    private synchronized void trimWhatIsOld() {
        OrderLog kept = log;
        long ageMs = control.retention().ageMs();
        if (kept != null && ageMs > 0) {
            trimBefore(kept.firstYoungerThan((System.currentTimeMillis() - ageMs) * 1_000), kept);
        }
    }

    private static void trimBefore(long position, OrderLog kept) {
        Steps.at(Steps.Step.TRIM_DECIDED);
        kept.trimTo(position);
        Steps.at(Steps.Step.TRIM_RAISED);
    }

    /** Deletes what nobody will use again; returns whether there was a data segment. */
    private synchronized boolean deleteTrimmed() {
        boolean deleted = false;
        long oldest = control.oldest();
        for (Path file : BusDirectory.list(directory.allIndex())) {
            long number = BusDirectory.indexNumber(file);
            if (number >= 0 && (number + 1 + INDEX_KEPT) << geometry.indexSlotsLog2() <= oldest) {
                SegmentFiles.delete(file);
            }
        }
        Steps.at(Steps.Step.TRIM_INDEX_DELETED);
        List<DataFile> files = directory.dataFiles();
        Set<Integer> alive = membership.aliveWriters(); // asked after the files were listed: who has files has joined
        for (DataFile file : files) {
            if (!alive.contains(file.writerId()) && seals.of(file) < oldest) {
                SegmentFiles.delete(directory.data(file));
                deleted = true;
            }
        }
        Steps.at(Steps.Step.TRIM_DATA_DELETED);
        return deleted;
    }

    /** Seals what those left that died: nothing more of it can get into the index. */
    private synchronized void sealLeftOpen() {
        OrderLog kept = log;
        if (kept == null) {
            return;
        }
        List<DataFile> files = directory.dataFiles();
        Set<Integer> alive = membership.aliveWriters();
        for (DataFile file : files) {
            if (!alive.contains(file.writerId()) && seals.of(file) == Long.MAX_VALUE) {
                Steps.at(Steps.Step.BURY_FOUND_OPEN);
                seals.seal(file, Math.max(1, kept.newest()));
            }
        }
        Steps.at(Steps.Step.BURY_SEALED);
    }

    private void deleteUnfinished(long nowMs) {
        for (Path file : BusDirectory.list(directory.allUnfinished())) {
            SegmentFiles.uninterruptibly(file, () -> {
                try {
                    if (nowMs - Files.getLastModifiedTime(file).toMillis() > UNFINISHED_AGE_MS) {
                        Files.deleteIfExists(file);
                    }
                } catch (NoSuchFileException finishedMeanwhile) {
                    return file;
                }
                return file;
            });
        }
    }

    private boolean isElected() {
        if (!elected) {
            elected = SegmentFiles.uninterruptibly(directory.janitorLock(), () -> {
                FileChannel channel = lockFile;
                if (channel == null || !channel.isOpen()) {
                    channel = SegmentFiles.openLock(directory.janitorLock());
                    lockFile = channel;
                }
                try {
                    FileLock lock = channel.tryLock();
                    return lock != null;
                } catch (OverlappingFileLockException anotherBusOfThisJvm) {
                    return false;
                }
            });
        }
        return elected;
    }
}
