package io.peal.fanout;

import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import java.nio.ByteBuffer;

/**
 * How messages of the log look to the clients of an endpoint. A message is encoded once for all connections of an event
 * loop that share a form, so an endpoint gives always the same instance. Thread-safe.
 */
@FunctionalInterface
public interface MessageForm {

    /** As they were published. */
    static MessageForm raw() {
        return RawEncoder.FORM;
    }

    /** A new encoder for one event loop, which alone uses it. */
    Encoder newEncoder();

    /** Encodes one message after the other. What it throws closes the connections that were to get the message. */
    interface Encoder {

        /** Of which kind the WebSocket message is. */
        PayloadKind kindOf(Message message);

        /** The payload of the WebSocket message: the remaining bytes, valid until the next call; its position may be moved. */
        ByteBuffer payloadOf(Message message);
    }
}
