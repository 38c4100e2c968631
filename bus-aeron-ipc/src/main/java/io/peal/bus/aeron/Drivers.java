package io.peal.bus.aeron;

import io.aeron.Aeron;
import io.aeron.CommonContext;
import io.aeron.driver.MediaDriver;
import io.peal.bus.BusException;
import io.peal.bus.file.ReplayWindow;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.CodeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.agrona.DirectBuffer;
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
 * aeron-N         the directory of the driver of life N, unless that is an external one
 * aeron-N.lock    held by that driver as long as it lives
 * aeron-N.log     what it had to say
 * stream-N        the memory of life N's stream: a second name of the driver's file, which is here when the driver is not
 * </pre>
 */
final class Drivers implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(AeronBus.class);

    /** Between threads of this JVM, because file locks are between processes. */
    private static final ReentrantLock WITHIN_JVM = new ReentrantLock();

    private static final long START_LIMIT_NS = Duration.ofSeconds(20).toNanos();
    private static final long RUNS_MS = 10_000;
    private static final long LOOK_AGAIN_NS = 10_000_000;

    private final Path directory;
    private final AeronDriver mode;
    private final StreamOptions stream;
    private final long timeoutMs;
    private @Nullable Heartbeat heartbeat; // guarded by this
    private volatile @Nullable MediaDriver embedded; // written under WITHIN_JVM

    /** @param timeout how old a heartbeat may be */
    Drivers(Path directory, AeronDriver mode, StreamOptions stream, Duration timeout) {
        this.directory = directory;
        this.mode = mode;
        this.stream = stream;
        this.timeoutMs = timeout.toMillis();
    }

    /** What is used when nobody says: an external driver if one runs in Aeron's default directory, else a spawned one. */
    static AeronDriver choose(Path directory) {
        try (Heartbeat heartbeat = Heartbeat.of(Path.of(CommonContext.getAeronDirectoryName()))) {
            Life life = Life.read(directory.resolve("life"));
            boolean spawnedBefore = life != null && life.aeronDirectory().startsWith(directory);
            boolean runs = heartbeat != null && heartbeat.isFresh(RUNS_MS);
            return runs && !spawnedBefore ? AeronDriver.external() : AeronDriver.spawned();
        } catch (IOException e) {
            throw new BusException("cannot find out which media driver the bus in " + directory + " uses", e);
        }
    }

    /**
     * The present life if it is later than {@code last} and its driver lives; else the next one, for which a driver is
     * started, or found.
     *
     * @param newest the newest position that this replica knows
     * @return null if there is no driver, and it is not up to this replica to start one
     */
    @Nullable
    Life present(long last, long newest) {
        WITHIN_JVM.lock();
        try (FileChannel channel = FileChannel.open(
                        directory.resolve("life.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.lock()) {
            Life known = Life.read(lifeFile());
            if (known != null && known.number() > last && isAlive(known) && held.isValid()) {
                return known;
            }
            return begin(known, newest);
        } catch (IOException e) {
            throw new BusException("cannot find out which life of the bus in " + directory + " this is", e);
        } finally {
            WITHIN_JVM.unlock();
        }
    }

    /** Whether the driver of a life seems to live. */
    boolean isAlive(Life life) {
        if (mode instanceof AeronDriver.Spawned && !isLocked(lockFile(life.aeronDirectory()))) {
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

    private @Nullable Life begin(@Nullable Life known, long newest) throws IOException {
        long number = known == null ? 1 : known.number() + 1;
        Path aeronDirectory = mode instanceof AeronDriver.External external
                ? external.aeronDirectory()
                : directory.resolve("aeron-" + number);
        if (mode instanceof AeronDriver.Spawned) {
            spawn(aeronDirectory, number);
        } else if (mode instanceof AeronDriver.Embedded) {
            embed(aeronDirectory);
        }
        try (Heartbeat heartbeat = Heartbeat.of(aeronDirectory)) {
            if (heartbeat == null || !heartbeat.isFresh(timeoutMs)) {
                return null;
            }
            Life life = known == null
                    ? Life.first(ThreadLocalRandom.current().nextLong(), aeronDirectory, heartbeat.startedMs())
                    : known.next(aeronDirectory, heartbeat.startedMs(), newest);
            life.write(lifeFile());
            removeOld(number - 2);
            LOGGER.info("life {} of the bus in {} begins: driver in {}", number, directory, aeronDirectory);
            return life;
        }
    }

    /** Keeps the memory of a life's stream, whatever becomes of the driver; without it, late comers have less history. */
    void keepStream(Life life, Path log) {
        try {
            Files.createLink(streamFile(life.number()), log);
        } catch (FileAlreadyExistsException e) {
            return; // another replica was faster
        } catch (IOException | UnsupportedOperationException e) {
            LOGGER.warn(
                    "the stream in {} cannot be kept in {} ({}): a replica that starts after the driver has no older history",
                    log,
                    directory,
                    e.toString());
        }
    }

    /** The memory of the life before, null if it is not there. */
    @Nullable
    Path streamBefore(Life life) {
        Path file = streamFile(life.number() - 1);
        return Files.exists(file) ? file : null;
    }

    private Path streamFile(long number) {
        return directory.resolve("stream-" + number);
    }

    private Path lifeFile() {
        return directory.resolve("life");
    }

    private static Path lockFile(Path aeronDirectory) {
        return aeronDirectory.resolveSibling(aeronDirectory.getFileName() + ".lock");
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

    private void spawn(Path aeronDirectory, long number) throws IOException {
        Path log = directory.resolve("aeron-" + number + ".log");
        Process driver = new ProcessBuilder(command(aeronDirectory, number))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        driver.getOutputStream().close();
        long deadline = System.nanoTime() + START_LIMIT_NS;
        while (driver.isAlive() && System.nanoTime() - deadline < 0) {
            try (Heartbeat heartbeat = Heartbeat.of(aeronDirectory)) {
                if (heartbeat != null && heartbeat.isFresh(timeoutMs)) {
                    return;
                }
            }
            LockSupport.parkNanos(LOOK_AGAIN_NS);
        }
        driver.destroyForcibly();
        throw new BusException("the media driver did not start, its last words are in " + log
                + ": start one yourself and use AeronDriver.external()");
    }

    /** In a session of its own where there is the tool for it: whoever interrupts a terminal means the replicas. */
    private List<String> command(Path aeronDirectory, long number) {
        List<String> command = new ArrayList<>();
        if (Files.isExecutable(Path.of("/usr/bin/setsid"))) {
            command.add("/usr/bin/setsid");
        }
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:-UsePerfData", JvmFlag.FLAG, "-cp", classPath()));
        command.add(DriverMain.class.getName());
        command.add(aeronDirectory.toString());
        command.add(lockFile(aeronDirectory).toString());
        command.add(String.valueOf(stream.streamId() + (int) (number - 1)));
        command.add(String.valueOf(stream.termLength()));
        command.add(lifeFile().toString());
        return command;
    }

    /** Where the classes are that the driver needs, however they were loaded here. */
    private static String classPath() {
        Set<String> path = new LinkedHashSet<>();
        for (Class<?> needed : List.of(
                DriverMain.class,
                MediaDriver.class,
                Aeron.class,
                DirectBuffer.class,
                BusException.class,
                ReplayWindow.class,
                Logger.class)) {
            CodeSource source = needed.getProtectionDomain().getCodeSource();
            if (source != null && "file".equals(source.getLocation().getProtocol())) {
                path.add(new File(source.getLocation().getPath()).toString());
            }
        }
        return String.join(File.pathSeparator, path);
    }

    private static boolean isLocked(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            return lock == null;
        } catch (OverlappingFileLockException e) {
            return true; // another bus of this JVM is looking just now
        } catch (IOException missing) {
            return false;
        }
    }

    private void removeOld(long number) throws IOException {
        Files.deleteIfExists(streamFile(number));
        Path old = directory.resolve("aeron-" + number);
        if (!(mode instanceof AeronDriver.External) && Files.isDirectory(old)) {
            ReplayWindow.remove(old);
        }
    }
}
