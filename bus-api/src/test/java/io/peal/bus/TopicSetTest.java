package io.peal.bus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class TopicSetTest {

    @Test
    void behavesAsASetUnderRandomChanges() {
        Random random = new Random(7);
        TopicSet set = new TopicSet();
        Set<Topic> model = new HashSet<>();
        for (int i = 0; i < 20_000; i++) {
            Topic topic = Topic.of("t" + random.nextInt(300));
            if (random.nextInt(5) < 3) {
                assertThat(set.add(topic)).isEqualTo(model.add(topic));
            } else {
                assertThat(set.remove(topic)).isEqualTo(model.remove(topic));
            }
            assertThat(set.size()).isEqualTo(model.size());
            assertThat(set.isEmpty()).isEqualTo(model.isEmpty());
        }
        assertThat(set.toList()).containsExactlyInAnyOrderElementsOf(model);
        for (int i = 0; i < 300; i++) {
            Topic topic = Topic.of("t" + i);
            assertThat(set.contains(topic)).isEqualTo(model.contains(topic));
        }
    }

    @Test
    void findsItsOwnInstanceByHashAndBytes() {
        Topic inSet = Topic.of("room/1");
        TopicSet set = TopicSet.of(inSet, Topic.of("room/2"));
        assertThat(find(set, Topic.of("room/1"), Topic.of("room/1"))).isSameAs(inSet);
        assertThat(find(set, Topic.of("room/3"), Topic.of("room/3"))).isNull();
    }

    @Test
    void doesNotMistakeAnotherNameWithTheSameHash() {
        TopicSet set = TopicSet.of(Topic.of("room/1"));
        assertThat(find(set, Topic.of("room/1"), Topic.of("room/9"))).isNull();
    }

    private static @Nullable Topic find(TopicSet set, Topic hashOf, Topic bytesOf) {
        ByteBuffer record = ByteBuffer.allocate(64);
        bytesOf.copyUtf8To(record, 5);
        return set.find(hashOf.hash(), record, 5, bytesOf.utf8Length());
    }
}
