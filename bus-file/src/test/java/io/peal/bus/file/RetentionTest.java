package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peal.bus.BusException;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.PositionUnavailableException.Reason;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.testkit.TestDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The log is trimmed to what is retained, and whoever is behind is told exactly what is gone. */
@Timeout(60)
class RetentionTest {

    private static final Topic TOPIC = Topic.of("topic");
    private static final Topic OTHER = Topic.of("other");
    private static final int SEGMENT = 64 * 1024;
    private static final int RETAINED = 8 * SEGMENT;

    private final TestDirectory scratch = new TestDirectory();
    private final Path directory = scratch.path().resolve("bus");

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void logStaysAtItsRetainedLength() throws IOException {
        try (FileBus bus = open();
                FileBus reading = open()) {
            Reader reader = reading.newReader(StartFrom.earliest());
            Collected collected = new Collected();
            for (int i = 1; i <= 20_000; i++) {
                bus.publisher().publish(TOPIC, number(i));
                if (i % 100 == 0) {
                    pollAll(reader, collected);
                }
            }
            pollAll(reader, collected);
            assertThat(collected.complete()).isEqualTo(20_000);
            await(() -> dataFiles() <= RETAINED / SEGMENT + 6, "no more files than are retained, and a few spares");
            await(() -> indexFiles() <= 10_000, "index segments go, too");
        }
    }

    @Test
    void filesOfTheIndexAreUsedAgain() throws IOException {
        Set<Object> files = new HashSet<>();
        try (FileBus bus = open(512);
                FileBus reading = open(512)) {
            Reader reader = reading.newReader(StartFrom.earliest());
            Collected collected = new Collected();
            for (int i = 1; i <= 20_000; i++) {
                bus.publisher().publish(TOPIC, number(i));
                if (i % 32 == 0) { // slowly, so that segments are made before they are needed
                    pollAll(reader, collected);
                    LockSupport.parkNanos(1_000_000);
                    for (Path file : BusDirectory.list(directory.resolve("idx"))) {
                        files.add(identity(file));
                    }
                }
            }
            pollAll(reader, collected);
            assertThat(collected.complete()).isEqualTo(20_000);
        }
        assertThat(files).hasSizeLessThan(20); // of 40 segments; eight or so are there at a time
    }

    private static Object identity(Path file) throws IOException {
        try {
            Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
            return key == null ? file : key;
        } catch (NoSuchFileException usedAgainMeanwhile) {
            return "";
        }
    }

    @Test
    void readerThatIsLappedIsToldTheExactGapAndGoesOn() {
        try (FileBus bus = open()) {
            Reader reader = bus.newReader(StartFrom.latest());
            for (int i = 1; i <= 20_000; i++) {
                bus.publisher().publish(TOPIC, number(i));
            }
            await(() -> bus.oldest() > 1_000, "the log is trimmed");
            Collected collected = new Collected();
            pollAll(reader, collected);
            assertThat(collected.gaps).isNotEmpty();
            assertThat(collected.gaps.get(0).first()).isEqualTo(1);
            assertThat(collected.complete()).isEqualTo(20_000);
        }
    }

    @Test
    void readerOfATopicIsToldTheGapIfItHasLostAnything() {
        try (FileBus bus = open()) {
            Reader reader = bus.newReader(StartFrom.latest(), TopicSet.of(OTHER));
            bus.publisher().publish(OTHER, number(1));
            for (int i = 2; i <= 20_000; i++) {
                bus.publisher().publish(TOPIC, number(i));
            }
            await(() -> bus.oldest() > 1_000, "the log is trimmed");
            Collected collected = new Collected();
            pollAll(reader, collected);
            assertThat(collected.gaps).isNotEmpty();
            assertThat(collected.gaps.get(0).first()).isEqualTo(1);
            assertThat(reader.position()).isEqualTo(20_000);
        }
    }

    @Test
    void gapDoesNotReachBehindTheLastPositionThatWasAskedFor() {
        try (FileBus bus = open()) {
            Reader reader = bus.newReader(StartFrom.latest());
            for (int i = 1; i <= 20_000; i++) {
                bus.publisher().publish(TOPIC, number(i));
            }
            await(() -> bus.oldest() > 1_000, "the log is trimmed");
            Collected collected = new Collected();
            reader.poll(collected, 100, 500);
            assertThat(collected.gaps).containsExactly(new Gap(1, 500));
            assertThat(reader.position()).isEqualTo(500);
        }
    }

    @Test
    void positionThatIsTrimmedIsRefused() {
        try (FileBus bus = open()) {
            Position early = bus.position();
            for (int i = 1; i <= 20_000; i++) {
                bus.publisher().publish(TOPIC, number(i));
            }
            await(() -> bus.oldest() > 1_000, "the log is trimmed");
            assertThatThrownBy(() -> bus.newReader(StartFrom.after(early)))
                    .isInstanceOfSatisfying(PositionUnavailableException.class, refusal -> assertThat(refusal.reason())
                            .isEqualTo(Reason.TRIMMED));
        }
    }

    @Test
    void messageStaysWhatItIsDuringTheCallbackHoweverFastTheLogIsTrimmed() {
        try (FileBus bus = open()) {
            bus.publisher().publish(TOPIC, number(1));
            Reader reader = bus.newReader(StartFrom.earliest());
            reader.poll(
                    message -> {
                        for (int i = 2; i <= 20_000; i++) {
                            bus.publisher().publish(TOPIC, number(i));
                        }
                        assertThat(message.text()).isEqualTo(number(1));
                        assertThat(message.payload().remaining())
                                .isEqualTo(number(1).length());
                    },
                    1);
        }
    }

    @Test
    void messagesOlderThanTheRetainedAgeGo() {
        try (FileBus bus = FileBus.at(directory).maxAge(Duration.ofSeconds(1)).open()) {
            bus.publisher().publish(TOPIC, "old");
            await(() -> bus.oldest() == 2, "the old one is trimmed");
            bus.publisher().publish(TOPIC, "new");
            Collected collected = new Collected();
            pollAll(bus.newReader(StartFrom.earliest()), collected);
            assertThat(collected.texts).containsExactly("new");
        }
    }

    @Test
    void whatALeavingReplicaWroteIsKeptAndLaterTrimmed() {
        try (FileBus staying = open()) {
            try (FileBus leaving = open()) {
                for (int i = 1; i <= 500; i++) {
                    leaving.publisher().publish(TOPIC, number(i));
                }
            }
            Collected collected = new Collected();
            pollAll(staying.newReader(StartFrom.earliest()), collected);
            assertThat(collected.complete()).isEqualTo(500);
            for (int i = 501; i <= 20_000; i++) {
                staying.publisher().publish(TOPIC, number(i));
            }
            await(() -> dataFilesOf(2) == 0, "the files of the one that left are gone");
        }
    }

    @Test
    void memoryOfDeletedFilesIsLetGo() throws InterruptedException {
        try (FileBus staying = open()) {
            Reader reader = staying.newReader(StartFrom.latest());
            Collected collected = new Collected();
            Thread shortLived = new Thread(
                    () -> { // a thread that has published keeps the segment it wrote to
                        try (FileBus leaving = open()) {
                            for (int i = 1; i <= 2_000; i++) {
                                leaving.publisher().publish(TOPIC, number(i));
                            }
                        }
                    });
            shortLived.start();
            shortLived.join();
            pollAll(reader, collected);
            assertThat(mappingsOf(2)).isPositive();
            for (int i = 2_001; i <= 60_000; i++) { // so many that the reader has others in mind
                staying.publisher().publish(TOPIC, number(i));
                pollAll(reader, collected);
            }
            await(
                    () -> {
                        System.gc(); // finds mappings that nobody uses
                        return mappingsOf(2) == 0;
                    },
                    "nothing of the one that left is mapped any more");
        }
    }

    @Test
    void retainedLengthMayBeChangedByWhoComesLater() {
        try (FileBus first = open();
                FileBus second = FileBus.at(directory)
                        .dataSegmentLength(SEGMENT)
                        .maxLength(4 * SEGMENT)
                        .open()) {
            for (int i = 1; i <= 20_000; i++) {
                first.publisher().publish(TOPIC, number(i));
            }
            await(() -> dataFiles() <= 4 + 6, "the shorter length is kept");
            assertThat(second.position().value()).isEqualTo(20_000);
        }
    }

    @Test
    void retainedLengthAndAgeHaveLimits() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FileBus.at(directory).maxLength(1_000).open())
                .withMessageContaining("1000");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> FileBus.at(directory).maxAge(Duration.ofMillis(1)).open())
                .withMessageContaining("PT0.001S");
    }

    @Test
    void fileSystemThatCannotHoldTheBusIsRefusedAtOnce() {
        assertThatThrownBy(() -> FileBus.at(directory).maxLength(1L << 60).open())
                .isInstanceOf(BusException.class)
                .hasMessageContaining("maxLength");
    }

    private FileBus open() {
        return open(64);
    }

    private FileBus open(int slots) {
        return FileBus.at(directory)
                .dataSegmentLength(SEGMENT)
                .indexSegmentSlots(slots)
                .maxLength(RETAINED)
                .open();
    }

    private static String number(int i) {
        return i + " " + "x".repeat(i % 200);
    }

    private static void pollAll(Reader reader, Subscriber subscriber) {
        while (reader.poll(subscriber, 1_000) > 0) {
            Thread.onSpinWait();
        }
    }

    private long dataFiles() {
        return count("dat", "");
    }

    private long dataFilesOf(int writer) {
        return count("dat", writer + "-");
    }

    private long indexFiles() {
        return count("idx", "");
    }

    private long count(String part, String prefix) {
        try (Stream<Path> files = Files.list(directory.resolve(part))) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix))
                    .count();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private long mappingsOf(int writer) {
        String files = directory.resolve("dat") + "/" + writer + "-";
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains(files)).count();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void await(BooleanSupplier condition, String description) {
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(description).isLessThan(deadline);
            LockSupport.parkNanos(5_000_000);
        }
    }

    /** What a reader hands out, checked: numbers and gaps without a hole between them. */
    private static final class Collected implements Subscriber {

        private final List<Gap> gaps = new ArrayList<>();
        private final List<String> texts = new ArrayList<>();
        private long last;

        @Override
        public void onMessage(Message message) {
            texts.add(message.text());
            assertThat(message.position())
                    .isEqualTo(last + 1 + (texts.size() == 1 && gaps.isEmpty() ? message.position() - 1 : 0));
            last = message.position();
        }

        @Override
        public void onGap(Gap gap) {
            assertThat(gap.first()).isEqualTo(last + 1);
            gaps.add(gap);
            last = gap.last();
        }

        /** The last position, when every message was the one of its position. */
        long complete() {
            assertThat(texts)
                    .allSatisfy(text -> assertThat(text).isEqualTo(number(Integer.parseInt(text.split(" ", 2)[0]))));
            return last;
        }
    }
}
