package io.peal.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The server under test: the example's supervisor with its replicas, on a free port and a fresh bus. Closing it leaves no
 * process and no file. Thread-safe.
 */
final class Replicas implements AutoCloseable {

    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final long LOOK_AGAIN_NS = 20_000_000;
    private static final Pattern SERVES = Pattern.compile("replica (\\d+) \\(process (\\d+)\\) serves");
    private static final String DRIVER = "io.peal.bus.aeron.DriverMain";
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private final int count;
    private final InetSocketAddress address;
    private final Path directory;
    private final Process supervisor;
    private final Map<Integer, Long> serving =
            new ConcurrentHashMap<>(); // process numbers, as the supervisor says them
    private final List<String> output = new ArrayList<>(); // guarded by itself
    private final Thread cleaner = new Thread(this::stop, "cleaner");

    private Replicas(int count, InetSocketAddress address, Path directory, Process supervisor) {
        this.count = count;
        this.address = address;
        this.directory = directory;
        this.supervisor = supervisor;
    }

    /** Starts the supervisor and waits until every replica serves. */
    static Replicas start(Path jar, int count, String server, String bus) throws IOException {
        int port = freePort();
        Path directory = Files.isWritable(SHARED_MEMORY)
                ? Files.createTempDirectory(SHARED_MEMORY, "peal-check-")
                : Files.createTempDirectory("peal-check-");
        Process supervisor = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-jar",
                        jar.toString(),
                        "--port=" + port,
                        "--replicas=" + count,
                        "--bus=" + bus + ":" + directory.resolve("bus"),
                        "--server=" + server,
                        "--java-option=-XX:TieredStopAtLevel=1", // none of them lives long enough for more
                        "--until-input-ends")
                .redirectErrorStream(true)
                .start();
        Replicas replicas = new Replicas(
                count, new InetSocketAddress(InetAddress.getLoopbackAddress(), port), directory, supervisor);
        Runtime.getRuntime().addShutdownHook(replicas.cleaner);
        Thread reader = new Thread(replicas::collectOutput, "supervisor");
        reader.setDaemon(true);
        reader.start();
        replicas.awaitAll(START_LIMIT);
        return replicas;
    }

    InetSocketAddress address() {
        return address;
    }

    /** Waits until every replica serves. */
    private void awaitAll(Duration limit) {
        for (int number = 1; number <= count; number++) {
            await(number, 0, limit);
        }
    }

    /** Waits until a replica serves in another process than {@code gone}, and gives that one's number. */
    long await(int number, long gone, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (System.nanoTime() - deadline < 0 && supervisor.isAlive()) {
            long pid = serving.getOrDefault(number, 0L);
            if (pid > 0 && pid != gone) {
                return pid;
            }
            LockSupport.parkNanos(LOOK_AGAIN_NS);
        }
        throw new IllegalStateException("replica " + number + " does not serve"
                + (supervisor.isAlive() ? " within " + limit : ", and the supervisor has ended")
                + "; it printed " + output());
    }

    /** The process of the media driver that the replicas have started, if the bus has one. */
    Optional<ProcessHandle> driver() {
        return ProcessHandle.allProcesses()
                .filter(process -> {
                    String command = process.info().commandLine().orElse("");
                    return command.contains(DRIVER) && command.contains(directory.toString());
                })
                .findFirst();
    }

    /** The last lines that the supervisor printed. */
    List<String> output() {
        synchronized (output) {
            return List.copyOf(output.subList(Math.max(0, output.size() - 20), output.size()));
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(cleaner);
        stop();
    }

    private void collectOutput() {
        try (BufferedReader lines = supervisor.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Matcher serves = SERVES.matcher(line);
                if (serves.find()) {
                    serving.put(Integer.valueOf(serves.group(1)), Long.valueOf(serves.group(2)));
                }
                synchronized (output) {
                    output.add(line);
                }
            }
        } catch (IOException e) {
            synchronized (output) {
                output.add("(the output broke off: " + e.getMessage() + ")");
            }
        }
    }

    private void stop() {
        supervisor.destroy();
        try {
            if (!supervisor.waitFor(20, TimeUnit.SECONDS)) {
                supervisor.descendants().forEach(ProcessHandle::destroyForcibly);
                supervisor.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            supervisor.destroyForcibly();
        }
        driver().ifPresent(driver -> {
            driver.destroyForcibly();
            driver.onExit().join();
        });
        removeDirectory();
    }

    private void removeDirectory() {
        try (Stream<Path> all = Files.walk(directory)) {
            List<Path> deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
            for (Path each : deepestFirst) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Below those that connections are given, because one of them could get it before the replicas do. */
    private static int freePort() {
        while (true) {
            int candidate = ThreadLocalRandom.current().nextInt(15_000, 30_000);
            try (ServerSocket probe = new ServerSocket(candidate)) {
                return probe.getLocalPort();
            } catch (IOException taken) {
                LockSupport.parkNanos(LOOK_AGAIN_NS / 10);
            }
        }
    }
}
