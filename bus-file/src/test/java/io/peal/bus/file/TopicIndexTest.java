package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.peal.bus.Batch;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.testkit.Recording;
import io.peal.testkit.TestDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Readers of few topics that are far behind get exactly what they would get by looking at every position. */
@Timeout(120)
class TopicIndexTest {

    private static final Topic QUIET = Topic.of("quiet");
    private static final Topic LOUD = Topic.of("loud");
    private static final Topic[] TOPICS =
            IntStream.range(0, 50).mapToObj(i -> Topic.of("topic/" + i)).toArray(Topic[]::new);

    private final TestDirectory scratch = new TestDirectory();

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void deliversWhatLookingAtEveryPositionDelivers() {
        SplittableRandom random = new SplittableRandom(3);
        try (FileBus bus = open();
                FileBus other = open()) {
            List<Recording> expected = new ArrayList<>();
            for (int i = 0; i < TOPICS.length; i++) {
                expected.add(new Recording());
            }
            Batch batch = new Batch();
            for (int i = 0; i < 40_000; i++) {
                batch.add(TOPICS[random.nextInt(1 + random.nextInt(TOPICS.length))], "n" + i);
                if (batch.size() == 100) {
                    (i % 2 == 0 ? bus : other).publisher().publish(batch);
                    batch.clear();
                }
            }
            try (Reader all = bus.newReader(StartFrom.earliest())) {
                while (all.poll(message -> expected.get(index(message.topic())).onMessage(message), 1_000) > 0) {
                    Thread.onSpinWait();
                }
            }
            for (int i = 0; i < TOPICS.length; i++) {
                assertThat(replay(bus, 0, TOPICS[i]).messages())
                        .isEqualTo(expected.get(i).messages());
            }
            Recording two = replay(bus, 777, TOPICS[3], TOPICS[7]);
            assertThat(two.positions()).isSorted().allMatch(position -> position > 777);
            assertThat(two.messages())
                    .hasSameElementsAs(IntStream.of(3, 7)
                            .boxed()
                            .flatMap(i -> expected.get(i).messages().stream())
                            .filter(message -> message.position() > 777)
                            .toList());
        }
    }

    @Test
    void followsAGrowingLogFromManyThreads() throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        CountDownLatch begun = new CountDownLatch(1);
        try (FileBus bus = open()) {
            Future<?> publishing = threads.submit(() -> {
                for (int i = 0; i < 60_000; i++) {
                    bus.publisher().publish(TOPICS[i % TOPICS.length], "n" + i);
                    if (i == 5_000) {
                        begun.countDown();
                    }
                }
            });
            begun.await();
            List<Future<Recording>> replays = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Topic topic = TOPICS[i];
                replays.add(threads.submit(() -> {
                    try (Reader reader = bus.newReader(StartFrom.earliest(), TopicSet.of(topic))) {
                        Recording recording = new Recording();
                        while (recording.messages().size() < 60_000 / TOPICS.length) {
                            reader.poll(recording, 64);
                        }
                        return recording;
                    }
                }));
            }
            publishing.get();
            for (int i = 0; i < 8; i++) {
                int remainder = i;
                assertThat(replays.get(i).get().texts())
                        .containsExactlyElementsOf(IntStream.range(0, 60_000)
                                .filter(n -> n % TOPICS.length == remainder)
                                .mapToObj(n -> "n" + n)
                                .toList());
                assertThat(replays.get(i).get().gaps()).isEmpty();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void whatIsTrimmedWhileItIsReadIsTold() {
        try (FileBus bus = FileBus.at(scratch.path().resolve("bus"))
                .dataSegmentLength(64 * 1024)
                .indexSegmentSlots(256)
                .maxLength(256 * 1024)
                .open()) {
            publishLoud(bus, 2_000);
            Recording recording = new Recording();
            try (Reader reader = bus.newReader(StartFrom.earliest(), TopicSet.of(LOUD))) {
                long first = reader.position() + 1;
                reader.poll(recording, 5);
                publishLoud(bus, 20_000);
                while (reader.poll(recording, 100) > 0) {
                    Thread.onSpinWait();
                }
                assertThat(recording.gaps()).isNotEmpty();
                long told = recording.gaps().stream()
                        .mapToLong(gap -> gap.last() - gap.first() + 1)
                        .sum();
                assertThat(recording.messages().size() + told)
                        .isEqualTo(bus.position().value() - first + 1);
            }
        }
    }

    @Test
    void quietTopicHasMissedNothingAlthoughTheLogIsTrimmed() {
        try (FileBus bus = FileBus.at(scratch.path().resolve("bus"))
                .dataSegmentLength(64 * 1024)
                .indexSegmentSlots(256)
                .maxLength(256 * 1024)
                .open()) {
            bus.publisher().publish(QUIET, "one");
            Position first = bus.position();
            bus.publisher().publish(QUIET, "two");
            Position second = bus.position();
            Reader asleep = bus.newReader(StartFrom.after(second), TopicSet.of(QUIET));
            publishLoud(bus, 20_000);
            assertThat(bus.oldest()).isGreaterThan(1_000);
            bus.publisher().publish(QUIET, "three");

            assertThat(readOn(bus.newReader(StartFrom.after(second), TopicSet.of(QUIET)))
                            .texts())
                    .containsExactly("three");
            Recording woken = readOn(asleep);
            assertThat(woken.texts()).containsExactly("three");
            assertThat(woken.gaps()).isEmpty();
            assertThatExceptionOfType(PositionUnavailableException.class)
                    .isThrownBy(() -> bus.newReader(StartFrom.after(first), TopicSet.of(QUIET)))
                    .extracting(PositionUnavailableException::reason)
                    .isEqualTo(PositionUnavailableException.Reason.TRIMMED);
            assertThatExceptionOfType(PositionUnavailableException.class)
                    .isThrownBy(() -> bus.newReader(StartFrom.after(second), TopicSet.of(QUIET, LOUD)));
            assertThatExceptionOfType(PositionUnavailableException.class)
                    .isThrownBy(() -> bus.newReader(StartFrom.after(second)));
        }
    }

    private FileBus open() {
        return FileBus.at(scratch.path().resolve("bus"))
                .dataSegmentLength(1 << 20)
                .indexSegmentSlots(4_096)
                .open();
    }

    private static void publishLoud(FileBus bus, int count) {
        byte[] payload = new byte[100];
        for (int i = 0; i < count; i++) {
            bus.publisher().publish(LOUD, payload);
        }
    }

    private static Recording replay(FileBus bus, long after, Topic... topics) {
        Position start = new Position(bus.position().epoch(), after);
        return readOn(bus.newReader(StartFrom.after(start), TopicSet.of(topics)));
    }

    private static Recording readOn(Reader reader) {
        try (reader) {
            Recording recording = new Recording();
            while (reader.poll(recording, 64) > 0) {
                Thread.onSpinWait();
            }
            return recording;
        }
    }

    private static int index(Topic topic) {
        return Integer.parseInt(topic.name().substring(topic.name().indexOf('/') + 1));
    }
}
