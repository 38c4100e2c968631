package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.testkit.ReplicaProcess;
import io.peal.testkit.TestDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Writers that are killed, one or several at once, and stopped at random moments, with segments so short that they roll and are trimmed all the
 * time, and readers that check every message: its bytes, its thread's order, and by digests that all readers saw the same
 * order. What a publish has returned is what readers saw there, or what they were told to have missed. {@code -Dpeal.torture.kills=N} makes it longer.
 */
@Timeout(value = 6, unit = TimeUnit.HOURS)
class TortureSystemTest {

    private static final int KILLS = Integer.getInteger("peal.torture.kills", 200);
    private static final int WRITERS = 3;
    private static final int READERS = 2;
    private static final int STOP_EVERY = 10; // rounds, in each of which one writer or several die
    private static final Duration START_LIMIT = Duration.ofSeconds(30);

    private final TestDirectory scratch = new TestDirectory();
    private final List<ReplicaProcess> writers = new ArrayList<>();
    private final List<ReplicaProcess> readers = new ArrayList<>();
    private final Map<ReplicaProcess, Told> told = new HashMap<>(); // by readers
    private final NavigableMap<Long, String> published = new TreeMap<>(); // what writers told: position, who and which
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
            int killed = 0;
            for (int round = 1; killed < KILLS; round++) {
                if (round % STOP_EVERY == 0) {
                    stopAndContinue(writers.get(random.nextInt(WRITERS)), random);
                }
                int victims =
                        WRITERS - random.nextInt(10) / 4; // all of them as often as all but one, and sometimes one
                Collections.rotate(writers, random.nextInt(WRITERS)); // who dies, and who lives
                List<ReplicaProcess> dying = writers.subList(0, victims);
                dying.forEach(writer -> writer.awaitLine("published", START_LIMIT));
                LockSupport.parkNanos(random.nextLong(30_000_000));
                ReplicaProcess.killAll(dying);
                dying.forEach(this::kill);
                dying.replaceAll(dead -> startWriter(directory));
                killed += victims;
                readers.forEach(reader -> told(reader).follow(reader));
            }
            writers.forEach(
                    writer -> writer.awaitLine("published", START_LIMIT)); // those who live, and newcomers, work
            check(killed);
        } catch (AssertionError e) {
            InspectMain.commandLine().execute(directory.toString()); // what will be deleted
            throw e;
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

    /** What a reader has told; each line is looked at once, as a long torture prints millions of them. */
    private static final class Told {

        private final Map<Long, String> seen = new HashMap<>(); // by position: who published it, and its number there
        private final NavigableMap<Long, Long> gaps = new TreeMap<>(); // from, to
        private final Map<Long, String> digests = new HashMap<>();
        private long messages;
        private int lines;

        void follow(ReplicaProcess reader) {
            List<String> added = reader.output(lines);
            lines += added.size();
            for (String line : added) {
                String[] words = line.split(" ", 3);
                switch (words[0]) {
                    case "ready" -> {}
                    case "saw" -> seen.put(Long.valueOf(words[1]), words[2]);
                    case "gap" -> gaps.put(Long.valueOf(words[1]), Long.valueOf(words[2]));
                    case "digest" -> digests.put(Long.valueOf(words[1]), words[2]);
                    case "read" -> messages = Long.parseLong(words[2].split(" ", 2)[0]);
                    default -> assertThat(line).contains(" INFO ");
                }
            }
        }

        boolean missed(long wanted) {
            Map.Entry<Long, Long> gap = gaps.floorEntry(wanted);
            return gap != null && wanted <= gap.getValue();
        }
    }

    private void check(int killed) {
        writers.forEach(this::kill);
        long last = published.isEmpty() ? 0 : published.lastKey();
        for (ReplicaProcess reader : readers) {
            reader.awaitLine(
                    line -> line.startsWith("read ") && Long.parseLong(line.split(" ", 3)[1]) >= last,
                    "what was published up to " + last,
                    START_LIMIT);
            told(reader).follow(reader);
            assertThat(reader.isAlive()).isTrue();
        }
        long asPublished = published.entrySet().stream()
                .filter(each ->
                        readers.stream().filter(reader -> saw(reader, each)).count() > 0)
                .count();
        Map<Long, String> one = told(readers.get(0)).digests;
        Map<Long, String> other = told(readers.get(1)).digests;
        List<Long> both = one.keySet().stream().filter(other::containsKey).toList();
        assertThat(both).as("blocks that both readers saw whole").isNotEmpty().allSatisfy(block -> assertThat(
                        one.get(block))
                .as("order up to " + block)
                .isEqualTo(other.get(block)));
        long messages = readers.stream()
                .mapToLong(reader -> told(reader).messages)
                .max()
                .orElse(0);
        assertThat(messages).isGreaterThan(10_000);
        System.out.printf(
                "%d kills, %d messages checked by a reader, %d digests compared, %d of %d returned positions read, the others trimmed before%n",
                killed, messages, both.size(), asPublished, published.size());
    }

    /** Whether it saw there what was published; if not, it must have been told that it missed it. */
    private boolean saw(ReplicaProcess reader, Map.Entry<Long, String> each) {
        String seen = told(reader).seen.get(each.getKey());
        if (seen == null) {
            assertThat(told(reader).missed(each.getKey()))
                    .as("told of having missed " + each)
                    .isTrue();
            return false;
        }
        assertThat(seen).as("at position " + each.getKey()).isEqualTo(each.getValue());
        return true;
    }

    private void kill(ReplicaProcess writer) {
        writer.kill();
        for (String line : writer.output()) {
            String[] words = line.split(" ", 3);
            if (words[0].equals("published") && line.endsWith(TortureMain.END)) {
                published.put(Long.valueOf(words[1]), words[2].replace(TortureMain.END, ""));
            }
            assertThat(line).doesNotStartWith("FAILED");
        }
    }

    private Told told(ReplicaProcess reader) {
        return told.computeIfAbsent(reader, key -> new Told());
    }
}
