package io.peal.fanout;

import io.peal.bus.PayloadKind;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket client, as the application sees it. Every method may be called from any thread; what is called from one
 * thread takes effect in that order. After the connection is closed, calls do nothing.
 */
public interface Connection {

    /** A number that no other connection of this fanout has or had. */
    long id();

    /** The path and query of the upgrade request, as the client sent it. */
    String uri();

    /** The first value of a query parameter of the upgrade request, decoded; null if it is not there. */
    @Nullable
    String queryParameter(String name);

    /**
     * Where the client wants to begin: behind the resume token in the query's parameter {@code since}, or at what comes if
     * it has none. A parameter that is no resume token closes the connection with 1008.
     */
    StartFrom since();

    /**
     * Subscribes to what comes: {@link #subscribe(Topic, StartFrom)} with latest. In {@link ConnectionHandler#onOpen}, which
     * runs when the client has been answered already, that begins before the answer: so whatever somebody publishes who
     * knows that the client is connected reaches it.
     */
    default void subscribe(Topic topic) {
        subscribe(topic, StartFrom.latest());
    }

    /**
     * Sends every message of the topic from there on, in order, each once; a topic that is subscribed to already stays as
     * it is. A start that the bus cannot continue completely closes the connection with 1008 and the reason.
     */
    void subscribe(Topic topic, StartFrom startFrom);

    /**
     * The same, but what comes of it is told: a start that cannot be continued completely closes nothing. For a topic that is
     * subscribed to already it is the position from which that goes on. On the event loop, the outcome is told before this
     * returns, unless it is called by a {@link FanoutListener}.
     */
    void subscribe(Topic topic, StartFrom startFrom, SubscribeOutcome outcome);

    /**
     * Runs a task on the connection's event loop, soon, and never within this call; not if the connection is closed by then.
     * What it throws closes the connection with 1011.
     */
    void execute(Runnable task);

    /** Ends a subscription. */
    void unsubscribe(Topic topic);

    /** The topics that are subscribed to now. */
    List<Topic> topics();

    /** Sends a text message to this client only. */
    void send(String text);

    /** Sends a message to this client only; the payload is copied before this returns. */
    void send(ByteBuffer payload, PayloadKind kind);

    /**
     * How many positions of the log this connection is behind its end: messages of other topics count. A connection that
     * keeps up is behind by what its shard has yet to read.
     */
    long lag();

    /** Closes with a code of RFC 6455 section 7.4 and a reason of at most 123 bytes, after what was sent before. */
    void close(int code, String reason);

    /** What the application keeps with the connection; null at first. */
    @Nullable
    Object attachment();

    /** Keeps something with the connection. */
    void attach(@Nullable Object attachment);
}
