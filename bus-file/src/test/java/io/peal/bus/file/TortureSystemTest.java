package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.testkit.ReplicaProcess;
import io.peal.testkit.TestDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Writers that are killed and stopped at random moments, with segments so short that they roll and are trimmed all the
 * time, and readers that check every message: its bytes, its thread's order, and by digests that all readers saw the same
 * order. {@code -Dpeal.torture.kills=N} makes it longer.
 */
@Timeout(value = 6, unit = TimeUnit.HOURS)
class TortureSystemTest {

    private static final int KILLS = Integer.getInteger("peal.torture.kills", 200);
    private static final int WRITERS = 3;
    private static final int READERS = 2;
    private static final int STOP_EVERY = 20; // kills
    private static final Duration START_LIMIT = Duration.ofSeconds(30);

    private final TestDirectory scratch = new TestDirectory();
    private final List<ReplicaProcess> writers = new ArrayList<>();
    private final List<ReplicaProcess> readers = new ArrayList<>();
    private final Map<ReplicaProcess, Integer> seen = new HashMap<>(); // lines of each reader
    private long nextKey = 1;

    @Test
    void nothingThatDiesHurtsTheOthers() {
        SplittableRandom random = new SplittableRandom(42);
        Path directory = scratch.path().resolve("bus");
        try {
            for (int i = 0; i < READERS; i++) {
                ReplicaProcess reader = ReplicaProcess.start(TortureMain.class, "read", directory.toString());
                readers.add(reader);
                reader.awaitLine("ready", START_LIMIT);
            }
            for (int i = 0; i < WRITERS; i++) {
                writers.add(startWriter(directory));
            }
            writers.forEach(writer -> writer.awaitLine("ready", START_LIMIT));
            for (int kill = 1; kill <= KILLS; kill++) {
                int victim = random.nextInt(WRITERS);
                if (kill % STOP_EVERY == 0) {
                    stopAndContinue(writers.get(victim), random);
                }
                writers.get(victim).awaitLine("published", START_LIMIT);
                LockSupport.parkNanos(random.nextLong(30_000_000));
                writers.get(victim).kill();
                writers.set(victim, startWriter(directory));
                readers.forEach(this::assertNothingFailed);
            }
            writers.forEach(
                    writer -> writer.awaitLine("published", START_LIMIT)); // those who live, and newcomers, work
            check();
        } finally {
            writers.forEach(ReplicaProcess::close);
            readers.forEach(ReplicaProcess::close);
            scratch.close();
        }
    }

    private ReplicaProcess startWriter(Path directory) {
        return ReplicaProcess.start(TortureMain.class, "write", directory.toString(), String.valueOf(nextKey++));
    }

    private static void stopAndContinue(ReplicaProcess writer, SplittableRandom random) {
        writer.pause();
        LockSupport.parkNanos(random.nextLong(200_000_000));
        writer.resume();
    }

    private void check() {
        Map<String, String> digests = new HashMap<>();
        int compared = 0;
        long messages = 0;
        for (ReplicaProcess reader : readers) {
            assertNothingFailed(reader);
            assertThat(reader.isAlive()).isTrue();
            for (String line : reader.output()) {
                if (line.startsWith("digest ")) {
                    String[] words = line.split(" ", 3);
                    String other = digests.putIfAbsent(words[1], words[2]);
                    compared += other == null ? 0 : 1;
                    assertThat(other == null || other.equals(words[2]))
                            .as("order up to " + words[1])
                            .isTrue();
                } else if (line.startsWith("read ")) {
                    messages = Math.max(messages, Long.parseLong(line.split(" ", 4)[2]));
                }
            }
        }
        System.out.printf(
                "%d kills, %d messages checked by a reader, %d digests compared%n", KILLS, messages, compared);
        assertThat(compared).as("blocks that two readers saw whole").isPositive();
        assertThat(messages).isGreaterThan(10_000);
    }

    /** Looks at what it has printed since it was asked before: a long torture prints millions of lines. */
    private void assertNothingFailed(ReplicaProcess reader) {
        List<String> added = reader.output(seen.getOrDefault(reader, 0));
        seen.merge(reader, added.size(), Integer::sum);
        assertThat(added)
                .allMatch(line -> line.contains(" INFO ")
                        || line.startsWith("ready")
                        || line.startsWith("read ")
                        || line.startsWith("digest "));
    }
}
