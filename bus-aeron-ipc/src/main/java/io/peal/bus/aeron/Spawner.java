package io.peal.bus.aeron;

import io.aeron.Aeron;
import io.aeron.driver.MediaDriver;
import io.peal.bus.BusException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.agrona.DirectBuffer;
import org.slf4j.Logger;

/**
 * Starts media drivers as processes of their own: JVMs with the classes of this one, and without its options. It waits
 * longer the next time if one did not start, because the machine may be slow. Not thread-safe.
 */
final class Spawner {

    /** Variables with options for every JVM, meant for the replicas: agents, debuggers, another collector. */
    private static final Set<String> OPTIONS_OF_REPLICAS =
            Set.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

    private static final long FIRST_START_LIMIT_NS = Duration.ofSeconds(4).toNanos();
    private static final long LAST_START_LIMIT_NS = Duration.ofSeconds(20).toNanos();
    private static final int MOST_WORDS = 300; // bytes of what a driver said that did not start
    private static final long LOOK_AGAIN_NS = 10_000_000;

    private final StreamOptions stream;
    private final Path lifeFile;
    private final long timeoutMs;
    private long startLimitNs = FIRST_START_LIMIT_NS;

    /**
     * @param lifeFile where the driver sees that it is superseded
     * @param timeoutMs how old its heartbeat may be
     */
    Spawner(StreamOptions stream, Path lifeFile, long timeoutMs) {
        this.stream = stream;
        this.lifeFile = lifeFile;
        this.timeoutMs = timeoutMs;
    }

    /** Where a driver has its lock: whether it lives can be seen there. */
    static Path lockFile(Path aeronDirectory) {
        return aeronDirectory.resolveSibling(aeronDirectory.getFileName() + ".lock");
    }

    /**
     * Starts a driver in a directory that was never used, and returns when it lives.
     *
     * @param number of the life it is for
     * @throws BusException if it does not start
     */
    void spawn(Path aeronDirectory, long number) throws IOException {
        Files.createFile(lockFile(aeronDirectory));
        Path log = aeronDirectory.resolveSibling(aeronDirectory.getFileName() + ".log");
        ProcessBuilder builder = new ProcessBuilder(command(aeronDirectory, number))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().keySet().removeAll(OPTIONS_OF_REPLICAS);
        Process driver = builder.start();
        driver.getOutputStream().close();
        long deadline = System.nanoTime() + startLimitNs;
        boolean started = false;
        try {
            while (!started && driver.isAlive() && System.nanoTime() - deadline < 0) {
                LockSupport.parkNanos(LOOK_AGAIN_NS);
                started = isThere(aeronDirectory);
            }
        } finally {
            if (!started) {
                driver.destroyForcibly();
            }
        }
        if (started) {
            startLimitNs = FIRST_START_LIMIT_NS;
            return;
        }
        startLimitNs = Math.min(2 * startLimitNs, LAST_START_LIMIT_NS); // this machine may be slow
        throw new BusException("the media driver did not start; what it said is in " + log + ", and begins with '"
                + beginningOf(log) + "': mend that, or start one yourself and use AeronDriver.external()");
    }

    private static String beginningOf(Path log) throws IOException {
        try (InputStream text = Files.newInputStream(log)) {
            return new String(text.readNBytes(MOST_WORDS), StandardCharsets.UTF_8)
                    .replaceAll("\\s+", " ")
                    .trim();
        }
    }

    private boolean isThere(Path aeronDirectory) {
        try (Heartbeat heartbeat = Heartbeat.of(aeronDirectory)) {
            return heartbeat != null && heartbeat.isFresh(timeoutMs);
        }
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
        command.add(lifeFile.toString());
        command.add(String.valueOf(number));
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
                Logger.class)) {
            path.add(placeOf(needed).toString());
        }
        return String.join(File.pathSeparator, path);
    }

    private static Path placeOf(Class<?> needed) {
        CodeSource source = needed.getProtectionDomain().getCodeSource();
        try {
            if (source == null) {
                throw new FileSystemNotFoundException("its place is not known");
            }
            Path place = Path.of(source.getLocation().toURI());
            if (!place.getFileSystem().equals(FileSystems.getDefault())) {
                throw new FileSystemNotFoundException(source.getLocation().toString());
            }
            return place;
        } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
            throw new BusException(
                    "a media driver cannot be started from here, because " + needed.getName()
                            + " is in no file of its own, but in a jar within a jar, for example (" + e.getMessage()
                            + "): start a driver yourself and use AeronDriver.external(), or unpack the jar",
                    e);
        }
    }
}
