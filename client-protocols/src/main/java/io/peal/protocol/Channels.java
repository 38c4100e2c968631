package io.peal.protocol;

import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.fanout.Connection;
import io.peal.fanout.SlowConsumerPolicy;
import io.peal.fanout.SubscribeOutcome;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The channels that a client is subscribed to. Belongs to the client's event loop, but for {@link #names()}. */
final class Channels {

    private final CentrifugeProtocol protocol;
    private final Connection connection;
    private final Answers answers;
    private final Map<String, Topic> topics = new ConcurrentHashMap<>(4);

    Channels(CentrifugeProtocol protocol, Connection connection, Answers answers) {
        this.protocol = protocol;
        this.connection = connection;
        this.answers = answers;
    }

    /** Thread-safe. */
    List<String> names() {
        return List.copyOf(topics.keySet());
    }

    boolean has(String channel) {
        return topics.containsKey(channel);
    }

    /** Whether it is not there, and there is room. */
    boolean mayAdd(String channel) {
        return !has(channel) && topics.size() < protocol.maxChannels();
    }

    /** Subscribes, and writes the state of the subscription: its first message comes behind that. */
    void follow(String channel, Topic topic, Command.Place place) {
        topics.put(channel, topic);
        Position position = place.recover ? place.position() : null;
        StartFrom from = position == null ? StartFrom.latest() : StartFrom.after(position);
        connection.subscribe(topic, from, new SubscribeOutcome() {
            @Override
            public void onSubscribed(Position after) {
                writeState(topic, after, place.recover ? position != null : null);
            }

            @Override
            public void onRefused(PositionUnavailableException refusal) {
                follow(channel, topic, Command.Place.lost());
            }
        });
    }

    /** Ends a subscription, if there is one. */
    boolean leave(String channel) {
        Topic topic = topics.remove(channel);
        if (topic != null) {
            connection.unsubscribe(topic);
        }
        return topic != null;
    }

    private void writeState(Topic topic, Position after, @Nullable Boolean recovered) {
        boolean recoverable = protocol.policyOf(topic) != SlowConsumerPolicy.DROP;
        answers.subscribed(after, recoverable, recovered);
    }
}
