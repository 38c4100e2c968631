package io.peal.fanout;

import io.peal.bus.PayloadKind;
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

    /** The connection is gone: once for each that was opened. The code is 1006 if it broke without a closing handshake. */
    default void onClose(Connection connection, int code, String reason) {}
}
