package io.peal.fanout;

import io.peal.bus.Gap;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;

/**
 * What an application does with the connections of an endpoint. Called on the connection's event loop, one event at a
 * time for a connection; it must not block. What it throws closes the connection with 1011.
 */
@FunctionalInterface
public interface ConnectionHandler {

    /** A client has connected. What is subscribed and sent here is so in the order of the calls. */
    void onOpen(Connection connection);

    /**
     * A client has sent a message, whole, and valid UTF-8 if it is text.
     *
     * @param payload its remaining bytes are the message; valid until this returns
     */
    default void onMessage(Connection connection, PayloadKind kind, ByteBuffer payload) {}

    /**
     * Messages of a topic were not sent to a client that had no room for them, because the topic's policy is {@link
     * SlowConsumerPolicy#DROP}. What is sent here comes before later messages of the topic.
     *
     * @param gap positions of the log, of which some were of this topic
     */
    default void onGap(Connection connection, Topic topic, Gap gap) {}

    /** The connection is gone: once for each that was opened. The code is 1006 if it broke without a closing handshake. */
    default void onClose(Connection connection, int code, String reason) {}
}
