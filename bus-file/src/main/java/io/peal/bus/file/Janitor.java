package io.peal.bus.file;

import io.peal.bus.BusException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
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
    private final Object identity;
    private final Map<DataFile, Long> sealedAt = new HashMap<>(); // guarded by this: of files that are sealed
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
        this.identity = identityOfControl();
    }

    /** The log it keeps; it does nothing before it has one. */
    void keep(OrderLog kept) {
        log = kept;
    }

    /** The work of each second; returns what makes the bus unusable, or nothing. */
    @Nullable
    BusException tick(long nowMs) {
        try {
            if (!identityOfControl().equals(identity)) {
                return new BusException(
                        directory.path() + " was replaced while the bus was open: this replica is cut off"
                                + " from the others, open the bus anew");
            }
        } catch (BusException e) {
            return new BusException(directory.path()
                    + " was removed while the bus was open: this replica is cut off, open the bus anew");
        }
        if (isElected() || nowMs - control.janitorBeatMs() > STALE_BEAT_MS) {
            control.beatAsJanitor(nowMs);
            boolean due = Math.abs(nowMs - lookedMs) >= LOOK_MS;
            boolean died = (due || wasPublished()) && membership.buryDead();
            if (died || due) {
                lookedMs = nowMs;
                sealLeftOpen();
                trim();
                deleteUnfinished(nowMs);
            }
        }
        OrderLog kept = log;
        if (kept != null) {
            kept.forgetTrimmed();
        }
        return null;
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

    /** Half of what is there has to do. */
    @Override
    public synchronized void trimHarder() {
        List<DataFile> files = directory.dataFiles();
        long live = files.stream()
                .filter(file -> sealedAt(file) >= control.oldest())
                .count();
        trimTo(live / 2 * geometry.dataSegmentLength());
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
        long newest = kept.newest();
        long oldest = control.oldest();
        List<DataFile> files = directory.dataFiles();
        List<Long> live = new ArrayList<>(); // the bounds of what is sealed and kept
        for (DataFile file : files) {
            long sealed = sealedAt(file);
            if (sealed >= oldest && sealed <= newest) {
                live.add(sealed);
            }
        }
        live.sort(Comparator.naturalOrder());
        long excess = live.size() - length / geometry.dataSegmentLength();
        long begin = oldest;
        if (excess > 0) {
            begin = live.get((int) Math.min(excess, live.size()) - 1) + 1;
        }
        long ageMs = control.retention().ageMs();
        if (ageMs > 0) {
            begin = Math.max(begin, kept.firstYoungerThan((System.currentTimeMillis() - ageMs) * 1_000));
        }
        Steps.at(Steps.Step.TRIM_DECIDED);
        kept.trimTo(begin);
        Steps.at(Steps.Step.TRIM_RAISED);
        deleteTrimmed(files);
    }

    private void deleteTrimmed(List<DataFile> files) {
        long oldest = control.oldest();
        for (Path file : BusDirectory.list(directory.allIndex())) {
            long number = BusDirectory.indexNumber(file);
            if (number >= 0 && (number + 1 + INDEX_KEPT) << geometry.indexSlotsLog2() <= oldest) {
                SegmentFiles.delete(file);
            }
        }
        Steps.at(Steps.Step.TRIM_INDEX_DELETED);
        Set<Integer> alive = membership.aliveWriters(); // asked after the files were listed: who has files has joined
        for (DataFile file : files) {
            if (!alive.contains(file.writerId()) && sealedAt(file) < oldest) {
                SegmentFiles.delete(directory.data(file));
            }
        }
        if (sealedAt.size() > files.size()) {
            sealedAt.keySet().retainAll(new HashSet<>(files));
        }
        Steps.at(Steps.Step.TRIM_DATA_DELETED);
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
            if (!alive.contains(file.writerId()) && sealedAt(file) == Long.MAX_VALUE) {
                Steps.at(Steps.Step.BURY_FOUND_OPEN);
                sealIfThere(file, Math.max(1, kept.newest()));
            }
        }
        Steps.at(Steps.Step.BURY_SEALED);
    }

    /** It may be gone: a segment whose writer died while it was about to use it again is free for others to delete. */
    private void sealIfThere(DataFile file, long position) {
        try {
            seal(file, position);
        } catch (BusException e) {
            if (Files.exists(directory.data(file))) {
                throw e;
            }
        }
    }

    private void seal(DataFile file, long position) {
        SegmentFiles.uninterruptibly(directory.data(file), () -> {
            try (FileChannel channel =
                    FileChannel.open(directory.data(file), StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
                channel.write(word().putLong(0, position), DataLayout.SEALED_AT_AT);
            }
            return position;
        });
    }

    /** The position a file is sealed with, {@link Long#MAX_VALUE} if it is not. */
    private long sealedAt(DataFile file) {
        Long known = sealedAt.get(file);
        if (known != null) {
            return known;
        }
        long read;
        try {
            read = readSealedAt(directory.data(file));
        } catch (BusException deletedMeanwhile) {
            return 0;
        }
        if (read <= 0) {
            return Long.MAX_VALUE;
        }
        sealedAt.put(file, read);
        return read;
    }

    private static long readSealedAt(Path path) {
        return SegmentFiles.uninterruptibly(path, () -> {
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
                long read = read(channel, DataLayout.SEALED_AT_AT);
                for (long before = ~read; before != read; ) { // a file's copy is not promised to be atomic
                    before = read;
                    read = read(channel, DataLayout.SEALED_AT_AT);
                }
                return read;
            }
        });
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

    private Object identityOfControl() {
        Path file = directory.control();
        Object key = SegmentFiles.uninterruptibly(file, () -> Files.readAttributes(file, BasicFileAttributes.class)
                .fileKey());
        return key == null ? file : key;
    }

    private static long read(FileChannel channel, long at) throws IOException {
        ByteBuffer word = word();
        channel.read(word, at);
        return word.getLong(0);
    }

    private static ByteBuffer word() {
        return ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }
}
