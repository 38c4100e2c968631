package io.peal.bus.spi;

import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The topics a reader of all topics has met, so that a name is decoded once and not for each message. Not thread-safe. */
public final class KnownTopics {

    private static final int CAPACITY = 4096;

    private TopicSet met = new TopicSet();

    /** None met. */
    public KnownTopics() {}

    /** The topic with this name in UTF-8 and its hash, or null if the bytes are no name. */
    public @Nullable Topic find(long hash, ByteBuffer source, int index, int length) {
        Topic known = met.find(hash, source, index, length);
        return known != null ? known : remember(source, index, length);
    }

    private @Nullable Topic remember(ByteBuffer source, int index, int length) {
        byte[] utf8 = new byte[length];
        source.get(index, utf8);
        try {
            Topic topic = Topic.of(new String(utf8, StandardCharsets.UTF_8));
            if (!topic.utf8Equals(source, index, length)) {
                return null;
            }
            if (met.size() == CAPACITY) {
                met = new TopicSet();
            }
            met.add(topic);
            return topic;
        } catch (IllegalArgumentException noName) {
            return null;
        }
    }
}
