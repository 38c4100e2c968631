package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.testkit.TestDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is noted of topics that are trimmed: exactly their last positions, as long as no two share a bucket. */
class TrimmedTopicsTest {

    private static final int MESSAGES = 3_000;
    private static final List<Topic> TOPICS =
            IntStream.range(0, 40).mapToObj(i -> Topic.of("topic/" + i)).toList();

    private final TestDirectory scratch = new TestDirectory();

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void lastPositionOfEachTopicIsNotedHoweverMuchIsTrimmedAtOnce() {
        assertThat(TOPICS.stream().map(topic -> DataLayout.bucketOf(topic.hash())))
                .doesNotHaveDuplicates();
        SplittableRandom random = new SplittableRandom(11);
        BusDirectory elsewhere = BusDirectory.prepare(scratch.path().resolve("elsewhere"), false);
        TrimmedTopics trimmed = TrimmedTopics.openOrCreate(elsewhere, UUID.randomUUID());
        try (FileBus bus = FileBus.at(scratch.path().resolve("bus"))
                .indexSegmentSlots(64)
                .dataSegmentLength(64 * 1024)
                .open()) {
            List<Topic> published = new ArrayList<>(); // at positions from 1 on
            for (int i = 0; i < MESSAGES; i++) {
                Topic topic = TOPICS.get(random.nextInt(1 + random.nextInt(TOPICS.size())));
                published.add(topic);
                bus.publisher().publish(topic, "n" + i);
            }
            LogView log = new Onlooker(scratch.path().resolve("bus"));
            for (int end = 1; end <= MESSAGES; ) {
                int first = end;
                end += 1 + random.nextInt(1 + random.nextInt(300));
                trimmed.note(log, first, Math.min(end, MESSAGES + 1));
                check(trimmed, published.subList(0, Math.min(end - 1, MESSAGES)));
            }
        }
    }

    private static void check(TrimmedTopics trimmed, List<Topic> published) {
        for (Topic topic : TOPICS) {
            long last = published.lastIndexOf(topic) + 1L;
            assertThat(trimmed.mayHold(TopicSet.of(topic), last))
                    .as("behind %s", last)
                    .isFalse();
            if (last > 0) {
                assertThat(trimmed.mayHold(TopicSet.of(topic), last - 1))
                        .as("behind the one before %s", last)
                        .isTrue();
            }
        }
    }
}
