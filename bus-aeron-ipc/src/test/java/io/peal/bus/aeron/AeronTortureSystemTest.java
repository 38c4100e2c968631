package io.peal.bus.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.Gap;
import io.peal.testkit.ReplicaProcess;
import io.peal.testkit.TestDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * Writers and the driver are killed and stopped at random moments, and readers check every message: its bytes, that none of
 * a thread's is missing or twice, and by digests that all readers saw the same order at the same positions. Who was further
 * behind than the history may be told a gap. It prints for how long readers stood still. {@code -Dpeal.torture.rounds=N} makes it longer,
 * {@code -Dpeal.torture.harms=REGEX} does some things only.
 */
@Timeout(3_600)
@Isolated("what it times would wait for the processors of others")
class AeronTortureSystemTest {

    private static final int ROUNDS = Integer.getInteger("peal.torture.rounds", 1);
    private static final List<Harm> HARMS = Arrays.stream(Harm.values())
            .filter(harm -> harm.name().matches(System.getProperty("peal.torture.harms", ".*")))
            .toList();
    private static final int WRITERS = 3;
    private static final int READERS = 2;
    private static final int MORE = 4; // blocks
    private static final Duration LIMIT = Duration.ofSeconds(40);

    /** What is done to the processes, in turns. */
    enum Harm {
        WRITER_KILLED,
        DRIVER_KILLED,
        WRITER_STOPPED_BRIEFLY,
        KILLED_IN_THE_MIDDLE_OF_A_MESSAGE,
        WRITER_AND_DRIVER_KILLED,
        WRITER_STOPPED_FOR_LONG,
        DRIVER_STOPPED_FOR_LONG
    }

    /** The last message of a thread whose publish has returned. */
    private record Published(long counter, long position) {}

    private final TestDirectory scratch = new TestDirectory();
    private final Path directory = scratch.path().resolve("bus");
    private final List<ReplicaProcess> writers = new ArrayList<>();
    private final List<ReplicaProcess> readers = new ArrayList<>();
    private final Map<String, Published> published =
            new HashMap<>(); // by writer thread, of those that were killed, too
    private final Map<Harm, List<Long>> stallsMs = new EnumMap<>(Harm.class);
    private final SplittableRandom random = new SplittableRandom(42);
    private long nextKey = 1;

    @Test
    void nothingIsLostAndAllSeeOneOrder() {
        try {
            for (int i = 0; i < READERS; i++) {
                ReplicaProcess reader = ReplicaProcess.start(AeronTortureMain.class, "read", directory.toString());
                readers.add(reader);
                reader.awaitLine("ready", LIMIT);
            }
            for (int i = 0; i < WRITERS; i++) {
                writers.add(startWriter());
            }
            for (int round = 0; round < ROUNDS; round++) {
                for (Harm harm : HARMS) {
                    LockSupport.parkNanos(random.nextLong(50_000_000));
                    int before = stalls(readers.get(0)).size();
                    int victim = random.nextInt(WRITERS);
                    harm(harm, victim);
                    readers.forEach(this::awaitMore);
                    List<Long> stalls = stalls(readers.get(0));
                    long longest = stalls.subList(before, stalls.size()).stream()
                            .mapToLong(Long::longValue)
                            .max()
                            .orElse(0);
                    stallsMs.computeIfAbsent(harm, key -> new ArrayList<>()).add(longest);
                    readers.forEach(reader -> assertThat(failuresOf(reader)).isEmpty());
                }
            }
            check();
        } finally {
            writers.forEach(ReplicaProcess::close);
            readers.forEach(ReplicaProcess::close);
            SpawnedDriver.killIn(directory);
            scratch.close();
        }
    }

    private void harm(Harm harm, int victim) {
        switch (harm) {
            case WRITER_KILLED -> replace(victim);
            case DRIVER_KILLED -> SpawnedDriver.killIn(directory);
            case WRITER_STOPPED_BRIEFLY -> stop(writers.get(victim), 300);
            case KILLED_IN_THE_MIDDLE_OF_A_MESSAGE -> killInTheMiddle();
            case WRITER_AND_DRIVER_KILLED -> {
                SpawnedDriver.killIn(directory);
                replace(victim);
            }
            case WRITER_STOPPED_FOR_LONG -> stop(writers.get(victim), 4_000);
            case DRIVER_STOPPED_FOR_LONG -> stopDriver(4_000);
        }
    }

    /** Waits until a reader has read a while, from now on. */
    private void awaitMore(ReplicaProcess reader) {
        long before = digests(reader) + MORE;
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (digests(reader) < before) {
            assertThat(failuresOf(reader)).isEmpty();
            if (System.nanoTime() > deadline) {
                explain();
            }
            assertThat(System.nanoTime() < deadline).as("messages come again").isTrue();
            LockSupport.parkNanos(5_000_000);
        }
    }

    /** What the processes are doing, for whoever has to find out why nothing comes. */
    private void explain() {
        List<ReplicaProcess> all = new ArrayList<>(readers);
        all.addAll(writers);
        for (ReplicaProcess process : all) {
            List<String> output = process.output();
            output.subList(Math.max(0, output.size() - 3), output.size()).forEach(System.out::println);
        }
        try (var logs = Files.newDirectoryStream(directory, "aeron-*.log")) {
            for (Path log : logs) {
                System.out.println(log + ": " + Files.readString(log));
            }
        } catch (java.io.IOException e) {
            System.out.println("no logs: " + e);
        }
        ProcessHandle.current().descendants().forEach(each -> {
            try {
                new ProcessBuilder("jstack", String.valueOf(each.pid()))
                        .inheritIO()
                        .start()
                        .waitFor();
            } catch (java.io.IOException | InterruptedException e) {
                System.out.println("no stack of " + each.pid() + ": " + e);
            }
        });
    }

    private static long digests(ReplicaProcess reader) {
        return reader.output().stream()
                .filter(line -> line.startsWith("digest "))
                .count();
    }

    private void replace(int victim) {
        ReplicaProcess writer = writers.get(victim);
        writer.kill();
        note(writer);
        writers.set(victim, startWriter());
    }

    private ReplicaProcess startWriter() {
        ReplicaProcess writer =
                ReplicaProcess.start(AeronTortureMain.class, "write", directory.toString(), String.valueOf(nextKey++));
        writer.awaitLine("ready", LIMIT);
        return writer;
    }

    private static void stop(ReplicaProcess process, long ms) {
        process.pause();
        LockSupport.parkNanos(ms * 1_000_000);
        process.resume();
    }

    private void stopDriver(long ms) {
        SpawnedDriver.in(directory).ifPresent(driver -> {
            signal("STOP", driver.pid());
            LockSupport.parkNanos(ms * 1_000_000);
            signal("CONT", driver.pid());
        });
    }

    private static void signal(String name, long pid) {
        try {
            new ProcessBuilder("kill", "-" + name, String.valueOf(pid)).start().waitFor();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void killInTheMiddle() {
        try (ReplicaProcess claimer = ReplicaProcess.start(AeronTortureMain.class, "claim", directory.toString())) {
            claimer.awaitLine("claimed", LIMIT);
            claimer.kill();
        }
    }

    private void note(ReplicaProcess writer) {
        for (String line : writer.output()) {
            if (line.matches("published \\d+ \\d+ \\d+ ;")) { // and not cut short by a kill
                String[] words = line.split(" ", 5);
                published.put(words[1], new Published(Long.parseLong(words[2]), Long.parseLong(words[3])));
            }
        }
    }

    private void check() {
        writers.forEach(this::note);
        long deadline = System.nanoTime() + LIMIT.toNanos();
        Map<String, String> digests = new HashMap<>();
        int compared = 0;
        for (ReplicaProcess reader : readers) {
            assertThat(failuresOf(reader)).isEmpty();
            for (String line : reader.output()) {
                if (line.startsWith("digest ")) {
                    String[] words = line.split(" ", 3);
                    String other = digests.putIfAbsent(words[1], words[2]);
                    compared += other == null ? 0 : 1;
                    assertThat(other == null || other.equals(words[2]))
                            .as("order in block " + words[1])
                            .isTrue();
                }
            }
            while (!hasSeenAll(reader)) { // what was published last is read soon, or is lost
                assertThat(System.nanoTime() < deadline)
                        .as(published + " were published, and read " + last(reader, "read "))
                        .isTrue();
                LockSupport.parkNanos(50_000_000);
            }
        }
        assertThat(compared).as("blocks that two readers saw").isPositive();
        System.out.printf(
                "%d rounds, %d writer threads, %d blocks of positions compared, %d gaps of who was too far behind, status %s%n",
                ROUNDS,
                published.size(),
                compared,
                readers.stream().mapToInt(reader -> gapsOf(reader).size()).sum(),
                last(readers.get(0), "status "));
        stallsMs.forEach((harm, all) -> {
            List<Long> sorted = all.stream().sorted().toList();
            System.out.printf(
                    "%-36s %3d times, readers stood still for %5d ms (median), at most %5d ms%n",
                    harm, sorted.size(), sorted.get(sorted.size() / 2), sorted.get(sorted.size() - 1));
        });
    }

    private boolean hasSeenAll(ReplicaProcess reader) {
        Map<String, Long> seen = seenBy(reader);
        List<Gap> gaps = gapsOf(reader);
        return published.entrySet().stream()
                .allMatch(writer -> seen.getOrDefault(writer.getKey(), 0L)
                                >= writer.getValue().counter()
                        || gaps.stream()
                                .anyMatch(
                                        gap -> gap.first() <= writer.getValue().position()
                                                && writer.getValue().position() <= gap.last()));
    }

    private static List<Gap> gapsOf(ReplicaProcess reader) {
        return reader.output().stream()
                .filter(line -> line.startsWith("gap "))
                .map(line -> line.split(" ", 3))
                .map(words -> new Gap(Long.parseLong(words[1]), Long.parseLong(words[2])))
                .toList();
    }

    private static Map<String, Long> seenBy(ReplicaProcess reader) {
        Map<String, Long> seen = new HashMap<>();
        String counters = last(reader, "read ");
        for (String entry : counters.substring(counters.indexOf('{') + 1, counters.indexOf('}'))
                .split(", ", -1)) {
            String[] words = entry.split("=", 2);
            seen.put(words[0], Long.parseLong(words[1]));
        }
        return seen;
    }

    private static String last(ReplicaProcess process, String beginning) {
        return process.output().stream()
                .filter(line -> line.startsWith(beginning))
                .reduce((first, second) -> second)
                .orElse("");
    }

    private static List<Long> stalls(ReplicaProcess reader) {
        return reader.output().stream()
                .filter(line -> line.startsWith("stall "))
                .map(line -> Long.parseLong(line.substring("stall ".length())))
                .toList();
    }

    private static List<String> failuresOf(ReplicaProcess reader) {
        return reader.output().stream()
                .filter(line -> line.startsWith("FAILED") || line.startsWith("ERROR"))
                .toList();
    }
}
