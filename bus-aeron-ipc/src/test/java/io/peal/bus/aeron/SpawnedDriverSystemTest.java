package io.peal.bus.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.peal.bus.BusException;
import io.peal.bus.Topic;
import io.peal.testkit.JvmCommand;
import io.peal.testkit.Recording;
import io.peal.testkit.ReplicaProcess;
import io.peal.testkit.TestDirectory;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A replica that starts a driver, in surroundings that are not those of a test. */
@Timeout(120)
class SpawnedDriverSystemTest {

    /** Publishes a message on a bus with a driver of its own, and prints what became of that. */
    static final class Publishing {

        private Publishing() {}

        public static void main(String... args) {
            try (AeronBus bus = AeronBus.at(Path.of(args[0]))
                    .driver(AeronDriver.spawned())
                    .termLength(Integer.parseInt(args[1]))
                    .open()) {
                System.out.println("published at " + bus.publisher().publish(Topic.of("news"), "a message"));
            } catch (BusException e) {
                System.out.println("failed: " + e);
            }
        }
    }

    /** Has no file descriptor left for a while, and then loses its driver. */
    static final class Exhausted {

        private static final Topic NEWS = Topic.of("news");
        private static final long A_WHILE_NS = Duration.ofSeconds(1).toNanos();

        private Exhausted() {}

        public static void main(String... args) throws Exception {
            try (AeronBus bus = AeronBus.at(Path.of(args[0]))
                    .driver(AeronDriver.spawned())
                    .termLength(1 << 20)
                    .open()) {
                Recording recording = new Recording();
                bus.subscribe(NEWS, recording);
                bus.publisher().publish(NEWS, "before");
                LockSupport.parkNanos(A_WHILE_NS); // so that what runs all the time has run, and its classes are loaded
                List<FileChannel> taken = new ArrayList<>();
                try {
                    while (true) {
                        taken.add(FileChannel.open(Path.of("/dev/null")));
                    }
                } catch (IOException none) {
                    LockSupport.parkNanos(2 * A_WHILE_NS); // the keeper of the link looks twenty times
                    bus.publisher().publish(NEWS, "meanwhile");
                    LockSupport.parkNanos(A_WHILE_NS);
                }
                for (FileChannel each : taken) {
                    each.close();
                }
                System.out.println("exhausted: " + bus.status().interruptions() + " interruptions");
                SpawnedDriver.killIn(Path.of(args[0]));
                while (bus.status().interruptions() == 0) { // the test does not wait for ever
                    LockSupport.parkNanos(A_WHILE_NS / 100);
                }
                bus.publisher().publish(NEWS, "after");
                System.out.println("killed: " + bus.status().interruptions() + " interruptions, "
                        + recording.await(3, Duration.ofSeconds(20)).texts());
            }
        }
    }

    private final TestDirectory scratch = new TestDirectory();
    private final Path bus = scratch.path().resolve("bus");

    @AfterEach
    void end() {
        SpawnedDriver.killIn(bus);
        scratch.close();
    }

    /** A JVM does not start with two collectors, nor when another process has the debugger's port. */
    @Test
    void optionsOfTheReplicaAreNotTheDrivers() throws Exception {
        String options = "JAVA_TOOL_OPTIONS=-XX:+UseParallelGC";
        assertThat(publish(List.of("/usr/bin/env", options), System.getProperty("java.class.path")))
                .startsWith("published at ");
    }

    @Test
    void classesMayLieUnderAnyName() throws Exception {
        Path own = Path.of(DriverMain.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Path moved = scratch.path().resolve("a name with spaces, 100%41 + one").resolve(own.getFileName());
        copy(own, moved);
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> Path.of(entry).equals(own) ? moved.toString() : entry)
                .collect(Collectors.joining(File.pathSeparator));
        assertThat(classPath).contains(moved.toString());
        assertThat(publish(List.of(), classPath)).startsWith("published at ");
    }

    @Test
    void replicaWithoutFileDescriptorsDoesNotTakeItsDriverForDead() {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -n 150; exec \"$@\"", "sh"));
        command.addAll(JvmCommand.forMain(Exhausted.class, bus.toString()));
        try (ReplicaProcess process = ReplicaProcess.start(command)) {
            Duration limit = Duration.ofSeconds(60);
            assertThat(process.awaitLine("exhausted: ", limit)).isEqualTo("exhausted: 0 interruptions");
            assertThat(process.awaitLine("killed: ", limit))
                    .isEqualTo("killed: 1 interruptions, [before, meanwhile, after]");
        }
    }

    /** As in a container that nobody has given more. */
    @Test
    void sharedMemoryThatIsTooSmallIsToldAtOnce() throws Exception {
        assumeTrue(canMount(), "this user may not mount a file system of its own");
        Files.createDirectory(bus);
        List<String> inSmallMemory = List.of(
                "unshare",
                "-rm",
                "sh",
                "-ec",
                "mount -t tmpfs -o size=64m,mode=700 tmpfs " + bus + "; exec \"$@\"",
                "sh");
        String classPath = System.getProperty("java.class.path");
        assertThat(publish(inSmallMemory, classPath, 64 << 20))
                .contains("UnfitException: the file system of " + bus + " has room for 67")
                .contains("containers: --shm-size", "or choose a shorter termLength");
        assertThat(publish(inSmallMemory, classPath, 4 << 20)).startsWith("published at ");
    }

    private static boolean canMount() throws Exception {
        try {
            return new ProcessBuilder("unshare", "-rm", "true").start().waitFor() == 0;
        } catch (IOException notInstalled) {
            return false;
        }
    }

    private static void copy(Path from, Path to) throws Exception {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.createDirectories(target.getParent());
                    Files.copy(file, target);
                }
            }
        }
    }

    private String publish(List<String> prefix, String classPath) {
        return publish(prefix, classPath, 1 << 20);
    }

    private String publish(List<String> prefix, String classPath, int termLength) {
        List<String> java = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                JvmFlag.FLAG,
                "-cp",
                classPath,
                Publishing.class.getName(),
                bus.toString(),
                String.valueOf(termLength));
        List<String> command = Stream.concat(prefix.stream(), java.stream()).toList();
        try (ReplicaProcess process = ReplicaProcess.start(command)) {
            return process.awaitLine(
                    line -> line.startsWith("published") || line.startsWith("failed"),
                    "an answer",
                    Duration.ofSeconds(60));
        }
    }
}
