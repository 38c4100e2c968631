package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.BusFullException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Set;

/**
 * Making and mapping the files of a bus. Thread-safe, and not disturbed by interrupts.
 *
 * <p>Two rules stand behind everything here. A new file is filled by real writes before it is mapped: memory of a sparse
 * file that cannot be backed kills the process that touches it, while a write that fails is an exception. And the length
 * of a file is checked before it is mapped for writing, because mapping beyond the end silently makes it longer.
 */
final class SegmentFiles {

    private static final int CHUNK = 128 * 1024; // and a rest after it, where there is time
    private static final int PAGE = 4_096;
    private static final int MAPPED_AROUND = 16 * PAGE; // by Linux, when a page is read that is there, but not mapped
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(CHUNK).asReadOnlyBuffer();
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private static final Set<PosixFilePermission> OWNER_AND_GROUP = PosixFilePermissions.fromString("rw-rw----");

    /** For those who are waited for. */
    static final Runnable WITHOUT_REST = () -> {};

    private SegmentFiles() {}

    /** Something with files. */
    @FunctionalInterface
    interface Action<T> {
        T run() throws IOException;
    }

    /** Makes a file of {@code length} bytes: the header, then zeros. Nothing is left of it if that fails. */
    static void create(Path file, ByteBuffer header, int length) {
        create(file, header, length, WITHOUT_REST);
    }

    /** The same, with a rest now and then. */
    static void create(Path file, ByteBuffer header, int length, Runnable rest) {
        uninterruptibly(file, () -> {
            Files.deleteIfExists(file);
            try (FileChannel channel = createNew(file)) {
                fill(channel, header.duplicate(), length, rest);
            } catch (IOException | RuntimeException e) {
                Files.deleteIfExists(file);
                throw e;
            }
            return file;
        });
    }

    /** Opens a file that is only there to be locked; makes it if need be. */
    static FileChannel openLock(Path file) throws IOException {
        try {
            return createNew(file);
        } catch (FileAlreadyExistsException e) {
            return FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        }
    }

    /**
     * Makes a file unless it is there, under another name, so that it is complete when it gets this one. What is
     * unfinished for long is deleted by others, who take its maker for dead: a process that was only stopped begins again.
     *
     * @param make makes the unfinished file
     */
    static void createIfMissing(Path target, Path unfinished, Runnable make) {
        while (Files.notExists(target)) {
            try {
                make.run();
                publish(unfinished, target);
                return; // and not another look: what was trimmed at once is not to be made again
            } catch (BusException e) {
                if (!(e.getCause() instanceof NoSuchFileException) || !isDeleted(unfinished)) {
                    throw e;
                }
            }
        }
    }

    /** Whether a file is gone, but the directory it was in is not. */
    private static boolean isDeleted(Path unfinished) {
        Path directory = unfinished.getParent();
        return Files.notExists(unfinished) && directory != null && Files.exists(directory);
    }

    /**
     * Gives {@code file} the name {@code target} if nobody else was faster; either way {@code file} is gone afterwards
     * and {@code target} is there. A hard link is what makes this atomic without replacing anything.
     */
    private static void publish(Path file, Path target) {
        uninterruptibly(target, () -> {
            try {
                Files.createLink(target, file);
            } catch (FileAlreadyExistsException anotherWasFaster) {
                return target;
            } finally {
                Files.deleteIfExists(file);
            }
            return target;
        });
    }

    /** Gives a file a name that nobody else knows; false if it is not there, because somebody else was faster. */
    static boolean take(Path file, Path unfinished) {
        return uninterruptibly(file, () -> {
            try {
                Files.setLastModifiedTime(
                        file, FileTime.from(Instant.now())); // what is old and unfinished gets deleted
                Files.move(file, unfinished);
                return true;
            } catch (NoSuchFileException anotherWasFaster) {
                return false;
            }
        });
    }

    /** Gives a file another name in its directory. */
    static void rename(Path from, Path to) {
        boolean renamed = from.toFile().renameTo(to.toFile()); // little code, and one system call
        if (!renamed) {
            uninterruptibly(to, () -> Files.move(from, to)); // which can tell why not
        }
    }

    /** Removes a file if it is there. */
    static void delete(Path file) {
        uninterruptibly(file, () -> Files.deleteIfExists(file));
    }

    /** Writes some bytes, fewer than a page, to the beginning of a file that is there. */
    static void overwriteBeginning(Path file, ByteBuffer bytes) {
        uninterruptibly(file, () -> {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
                channel.write(bytes.duplicate(), 0);
            }
            return file;
        });
    }

    /** Returns when the content of a file, or the names in a directory, are on the disk. */
    static void force(Path fileOrDirectory) {
        uninterruptibly(fileOrDirectory, () -> {
            try (FileChannel channel = FileChannel.open(fileOrDirectory, StandardOpenOption.READ)) {
                force(channel, fileOrDirectory, true);
            }
            return fileOrDirectory;
        });
    }

    /** The same for a file that is open; an interruption closes it. */
    static void force(FileChannel channel, Path file, boolean metaData) throws ClosedByInterruptException {
        try {
            channel.force(metaData);
        } catch (ClosedByInterruptException e) {
            throw e;
        } catch (IOException e) {
            throw new NotForcedException("cannot write " + file + " to the disk: " + e, e);
        }
    }

    /** The same for a file that may have been removed. */
    static void forceIfThere(Path file) {
        if (Files.exists(file)) {
            try {
                force(file);
            } catch (BusException e) {
                if (Files.exists(file)) {
                    throw e;
                }
            }
        }
    }

    /** Maps a file for reading and writing. */
    static ByteBuffer map(Path file, int length) {
        return uninterruptibly(file, () -> {
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
                checkLength(file, channel.size(), length);
                return channel.map(MapMode.READ_WRITE, 0, length).order(ByteOrder.LITTLE_ENDIAN);
            }
        });
    }

    /** Maps a file for reading. */
    static ByteBuffer mapReadOnly(Path file, int length) {
        return uninterruptibly(file, () -> {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
                checkLength(file, channel.size(), length);
                return channel.map(MapMode.READ_ONLY, 0, length).order(ByteOrder.LITTLE_ENDIAN);
            }
        });
    }

    /** Touches every page of a mapping for writing, so that the first record in it does not pay for that. */
    static void touch(ByteBuffer mapping, boolean inMemory) {
        touch(mapping, inMemory, WITHOUT_REST);
    }

    /**
     * The same, with a rest now and then. Of files in memory one page in 16 is read, since that maps all of them, to be written,
     * too; if a system maps fewer, who writes first maps the others. With other file systems a page that was read is mapped once
     * more when it is written, so each is written to.
     */
    static void touch(ByteBuffer mapping, boolean inMemory, Runnable rest) {
        int step = inMemory ? MAPPED_AROUND : PAGE;
        int untilRest = inMemory ? MAPPED_AROUND / PAGE * CHUNK : CHUNK;
        for (int offset = 0; offset < mapping.capacity(); offset += step) {
            if (inMemory) {
                Mapped.getOpaque(mapping, offset);
            } else {
                Mapped.compareAndSet(mapping, offset, 0, 0);
            }
            if ((offset + step) % untilRest == 0) {
                rest.run();
            }
        }
    }

    /** Runs an action; what goes wrong with a file becomes a {@link BusException} that names it. */
    static <T> T uninterruptibly(Path file, Action<T> action) {
        boolean interrupted = Thread.interrupted();
        try {
            while (true) {
                try {
                    return action.run();
                } catch (ClosedByInterruptException e) {
                    interrupted |= Thread.interrupted();
                } catch (IOException e) {
                    throw explained(file, e);
                } catch (UncheckedIOException e) { // of a directory that is listed
                    throw explained(file, new IOException(String.valueOf(e.getMessage()), e));
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Makes a file for the owner alone, or for the group, too, if that is how its directory is. */
    private static FileChannel createNew(Path file) throws IOException {
        FileChannel channel = FileChannel.open(
                file, Set.<OpenOption>of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), OWNER_ONLY);
        Path directory = file.toAbsolutePath().getParent();
        if (directory != null && Files.getPosixFilePermissions(directory).contains(PosixFilePermission.GROUP_WRITE)) {
            Files.setPosixFilePermissions(file, OWNER_AND_GROUP);
        }
        return channel;
    }

    private static void fill(FileChannel channel, ByteBuffer header, int length, Runnable rest) throws IOException {
        while (header.hasRemaining()) {
            channel.write(header);
        }
        Steps.at(Steps.Step.FILE_BEGUN);
        ByteBuffer zeros = ZEROS.duplicate();
        for (long left = length - channel.position(); left > 0; left = length - channel.position()) {
            zeros.position(0).limit((int) Math.min(left, CHUNK));
            channel.write(zeros);
            rest.run();
        }
    }

    private static void checkLength(Path file, long actual, int expected) {
        if (actual != expected) {
            throw new DamagedFileException(
                    "cannot use " + file + ": it is " + actual + " bytes long instead of " + expected, null);
        }
    }

    private static BusException explained(Path file, IOException e) {
        String reason = String.valueOf(e.getMessage());
        if (reason.contains("No space left") || reason.contains("quota exceeded")) {
            return new BusFullException(
                    "no space left for " + file + ": give its file system more room, or remove the bus", e);
        }
        if (e instanceof NoSuchFileException) {
            return new DamagedFileException(file + " is missing: was the bus removed while it was in use?", e);
        }
        if (Files.isSymbolicLink(file)) {
            return new DamagedFileException(file + " is a link, which no replica has made", e);
        }
        return new BusException("cannot use " + file + ": " + e, e);
    }
}
