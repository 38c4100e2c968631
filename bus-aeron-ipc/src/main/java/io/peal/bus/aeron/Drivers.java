package io.peal.bus.aeron;

import io.aeron.CommonContext;
import io.aeron.driver.MediaDriver;
import io.peal.bus.BusException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.agrona.IoUtil;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the driver of a bus, or has one started, and agrees with the other replicas which life of the stream is the present
 * one: a file says it, and who holds the lock beside it may write it. Thread-safe.
 *
 * <pre>
 * life            which life this is, and where its driver is
 * life.lock       held by who looks for the next one
 * aeron-N         the directory of the driver of life N, unless that is an external one; aeron-N.2 of a second attempt
 * aeron-N.lock    held by that driver as long as it lives
 * aeron-N.log     what it had to say
 * stream-N        the memory of life N's stream: a second name of the driver's file, which is here when the driver is not
 * end-N           the place where life N ended, when it has
 * </pre>
 */
final class Drivers implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(AeronBus.class);

    /** Between threads of this JVM, because file locks are between processes. */
    private static final ReentrantLock WITHIN_JVM = new ReentrantLock();

    private static final Pattern OF_DRIVER = Pattern.compile("aeron-([0-9]{1,18})(\\..*)?");
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int MOST_REMOVED = 8; // there are no older ones, unless somebody had no rights to remove them
    private static final long RUNS_MS = 10_000;

    private final Path directory;
    private final AeronDriver mode;
    private final StreamOptions stream;
    private final long timeoutMs;
    private final Spawner spawner;
    private @Nullable Heartbeat heartbeat; // guarded by this
    private volatile @Nullable MediaDriver embedded; // written under WITHIN_JVM

    /** @param timeout how old a heartbeat may be */
    Drivers(Path directory, AeronDriver mode, StreamOptions stream, Duration timeout) {
        this.directory = directory;
        this.mode = mode;
        this.stream = stream;
        this.timeoutMs = timeout.toMillis();
        this.spawner = new Spawner(stream, lifeFile(), timeoutMs);
    }

    /** What is used when nobody says: an external driver if one runs in Aeron's default directory, else a spawned one. */
    static AeronDriver choose(Path directory) {
        Path usual = Path.of(CommonContext.getAeronDirectoryName());
        try (Heartbeat heartbeat = Heartbeat.of(usual)) {
            Life life = Life.read(directory.resolve("life"));
            boolean spawnedBefore = life != null && life.aeronDirectory().startsWith(directory);
            boolean runs = heartbeat != null && heartbeat.isFresh(RUNS_MS);
            if (!runs || spawnedBefore) {
                return AeronDriver.spawned();
            }
            if (!Files.getOwner(usual).equals(Files.getOwner(directory))) {
                LOGGER.warn(
                        "the media driver in {} is not used, because that directory belongs to {}, who could read and forge"
                                + " every message: if it is meant, say so with AeronDriver.external()",
                        usual,
                        Files.getOwner(usual));
                return AeronDriver.spawned();
            }
            return AeronDriver.external();
        } catch (IOException e) {
            throw new BusException("cannot find out which media driver the bus in " + directory + " uses", e);
        }
    }

    /**
     * The present life if it is not over and its driver lives; else the next one, for which a driver is started, or found.
     *
     * @param lastOver the number of the last life that is over
     * @param newest the newest position that this replica knows
     * @param cut decides where a life ended that is not known to have ended
     * @param tail tells where all ends that anybody has begun to write in a life that is over
     * @return nothing if there is no driver, and it is not up to this replica to start one
     */
    Optional<Life> present(LongSupplier lastOver, long newest, ToLongFunction<Life> cut, ToLongFunction<Life> tail) {
        return withLock(() -> {
            Life known = Life.read(lifeFile());
            if (known == null) {
                return begin(null, Stream.NO_END, 0, newest);
            }
            if (known.number() > lastOver.getAsLong() && isAlive(known)) {
                checkStream(known);
                return Optional.of(known);
            }
            long end = endOf(known, cut);
            return begin(known, end, tail.applyAsLong(known), newest);
        });
    }

    private void checkStream(Life life) {
        if (!life.stream().equals(stream)) {
            throw new UnfitException(
                    "the bus in " + directory + " has " + life.stream() + ", this replica says " + stream
                            + ": all replicas say the same, and to change it, all are stopped until the driver has ended, too");
        }
    }

    /** The place where a life ended, {@link Stream#NO_END} if nobody knows it any more. */
    long end(Life life, ToLongFunction<Life> cut) {
        return withLock(() -> {
            Life known = Life.read(lifeFile());
            boolean present = known == null || known.number() <= life.number();
            return endOf(life, present ? cut : later -> Stream.NO_END);
        });
    }

    /** What is decided once is written down, so that everybody says the same from then on. */
    private long endOf(Life life, ToLongFunction<Life> cut) throws IOException {
        Path file = endFile(life.number());
        if (Files.exists(file)) {
            try {
                return Long.parseLong(Files.readString(file).trim());
            } catch (NumberFormatException e) {
                throw new IOException(file + " is damaged: stop all replicas and remove " + directory, e);
            }
        }
        long end = cut.applyAsLong(life);
        if (end != Stream.NO_END) {
            Path unfinished = file.resolveSibling(file.getFileName() + ".unfinished");
            Files.writeString(unfinished, end + "\n");
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        }
        return end;
    }

    private <T> T withLock(Task<T> task) {
        WITHIN_JVM.lock();
        try (FileChannel channel = FileChannel.open(
                        directory.resolve("life.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.lock()) {
            if (!held.isValid()) {
                throw new IOException("the lock was lost");
            }
            return task.run();
        } catch (IOException e) {
            throw new BusException("cannot find out which life of the bus in " + directory + " this is", e);
        } finally {
            WITHIN_JVM.unlock();
        }
    }

    private interface Task<T> {
        T run() throws IOException;
    }

    /** Whether the driver of a life seems to live. */
    boolean isAlive(Life life) {
        if (mode instanceof AeronDriver.Spawned && !isLocked(Spawner.lockFile(life.aeronDirectory()))) {
            return false;
        }
        synchronized (this) {
            Heartbeat known = heartbeat;
            if (known == null || known.startedMs() != life.driverStartedMs()) {
                closeHeartbeat();
                known = Heartbeat.of(life.aeronDirectory());
                heartbeat = known;
            }
            return known != null && known.startedMs() == life.driverStartedMs() && known.isFresh(timeoutMs);
        }
    }

    private synchronized void closeHeartbeat() {
        Heartbeat known = heartbeat;
        heartbeat = null;
        if (known != null) {
            known.close();
        }
    }

    /** Whether the driver of the present life runs within this replica. */
    boolean isOwn(Life life) {
        MediaDriver driver = embedded;
        return driver != null
                && driver.aeronDirectoryName().equals(life.aeronDirectory().toString());
    }

    /** Ends the driver that runs within this replica, if it does. */
    @Override
    public void close() {
        closeHeartbeat();
        WITHIN_JVM.lock();
        try {
            closeEmbedded();
        } finally {
            WITHIN_JVM.unlock();
        }
    }

    private Optional<Life> begin(@Nullable Life known, long end, long tail, long newest) throws IOException {
        long number = known == null ? 1 : known.number() + 1;
        if (!(mode instanceof AeronDriver.External)) {
            checkRoom(
                    known == null
                            ? stream.mostMemoryLength() + 2 * DriverMain.FILES_LENGTH
                            : stream.memoryLength() + DriverMain.FILES_LENGTH);
        }
        Path aeronDirectory =
                mode instanceof AeronDriver.External external ? external.aeronDirectory() : freshDirectory(number);
        if (mode instanceof AeronDriver.Spawned) {
            spawner.spawn(aeronDirectory, number);
        } else if (mode instanceof AeronDriver.Embedded) {
            embed(aeronDirectory);
        }
        try (Heartbeat heartbeat = Heartbeat.of(aeronDirectory)) {
            if (heartbeat == null || !heartbeat.isFresh(timeoutMs)) {
                return Optional.empty();
            }
            Life life = known == null
                    ? Life.first(RANDOM.nextLong(), RANDOM.nextLong(), stream, aeronDirectory, heartbeat.startedMs())
                    : known.next(stream, aeronDirectory, heartbeat.startedMs(), end, tail, newest);
            life.write(lifeFile());
            removeOld(life);
            LOGGER.info("life {} of the bus in {} begins: driver in {}", number, directory, aeronDirectory);
            return Optional.of(life);
        }
    }

    /**
     * Keeps the memory of a life's stream, whatever becomes of the driver.
     *
     * @return false if the stream of this life was another one: the driver has lost it
     */
    boolean keepStream(Life life, Path log) {
        Path kept = streamFile(life.number());
        try {
            try {
                Files.createLink(kept, log);
            } catch (FileAlreadyExistsException e) {
                return isSame(kept, log);
            } catch (IOException | UnsupportedOperationException otherFileSystem) {
                Files.createSymbolicLink(kept, log);
                LOGGER.warn(
                        "the stream in {} cannot be kept in {} ({}): when the driver has removed it, a replica that starts has"
                                + " no older history",
                        log,
                        directory,
                        otherFileSystem.toString());
            }
            return true;
        } catch (FileAlreadyExistsException e) {
            return isSame(kept, log);
        } catch (IOException e) {
            throw new BusException("cannot keep " + kept + ", a name for the stream in " + log, e);
        }
    }

    private static boolean isSame(Path kept, Path log) {
        try {
            return Files.isSameFile(kept, log);
        } catch (IOException gone) {
            return false;
        }
    }

    /** The memory of a life's stream, null if it is not there any more. */
    @Nullable
    StreamMemory memoryOf(Life life) {
        try {
            Path file = streamOf(life.number());
            return file == null ? null : StreamMemory.of(file, life.secret());
        } catch (DamagedStreamException e) {
            LOGGER.warn("the history of life {} is lost", life.number(), e);
            return null;
        }
    }

    /** Whether somebody has linked to the stream of the present life, as long as that is not over. */
    boolean hasKept(long number) {
        return Files.exists(streamFile(number), LinkOption.NOFOLLOW_LINKS);
    }

    /** The file of that memory. */
    @Nullable
    Path streamOf(long number) {
        Path file = streamFile(number);
        return Files.exists(file) ? file : null;
    }

    private Path endFile(long number) {
        return directory.resolve("end-" + number);
    }

    private Path streamFile(long number) {
        return directory.resolve("stream-" + number);
    }

    private Path lifeFile() {
        return directory.resolve("life");
    }

    /** Refuses a file system that cannot hold the stream, before memory is missing where somebody writes: files take it when it is written. */
    private void checkRoom(long needed) throws IOException {
        long usable = Files.getFileStore(directory).getUsableSpace();
        if (usable < needed) {
            throw new UnfitException("the file system of " + directory + " has room for " + usable
                    + " bytes, the bus may take " + needed + " with terms of " + stream.termLength()
                    + ": give it more (containers: --shm-size), or choose a shorter termLength");
        }
    }

    private void embed(Path aeronDirectory) {
        closeEmbedded();
        embedded = MediaDriver.launch(DriverMain.context(aeronDirectory));
    }

    private void closeEmbedded() {
        MediaDriver driver = embedded;
        if (driver != null) {
            driver.close();
            embedded = null;
        }
    }

    /** Never one that was used: a driver whose replica died before it could say that there is one may be in it. */
    private Path freshDirectory(long number) {
        Path fresh = directory.resolve("aeron-" + number);
        for (int attempt = 2; Files.exists(fresh) || Files.exists(Spawner.lockFile(fresh)); attempt++) {
            fresh = directory.resolve("aeron-" + number + "." + attempt);
        }
        return fresh;
    }

    private static boolean isLocked(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            return lock == null;
        } catch (OverlappingFileLockException e) {
            return true; // another bus of this JVM is looking just now
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) { // no file descriptor left, for example, which is no sign of a death
            return true;
        }
    }

    /** The memory of a life's stream is not needed any more. */
    void forgetStream(long number) {
        try {
            Files.deleteIfExists(streamFile(number));
        } catch (IOException e) {
            LOGGER.warn("cannot remove {}", streamFile(number), e);
        }
    }

    private void removeOld(Life life) throws IOException {
        for (long number = life.oldestKept() - 1; number >= Math.max(1, life.oldestKept() - MOST_REMOVED); number--) {
            Files.deleteIfExists(streamFile(number));
            Files.deleteIfExists(endFile(number));
        }
        try (DirectoryStream<Path> drivers = Files.newDirectoryStream(directory, "aeron-*")) {
            for (Path old : drivers) {
                Matcher name = OF_DRIVER.matcher(old.getFileName().toString());
                if (name.matches() && Long.parseLong(name.group(1)) < life.number() - 1) {
                    IoUtil.delete(old.toFile(), true);
                }
            }
        }
    }
}
