package io.peal.fanout;

import io.peal.bus.PayloadKind;
import java.nio.ByteBuffer;

/** Where an adapter reports what happens to a connection. Called on the connection's event loop only, but for the first. */
public interface Inlet {

    /** The connection, as the application knows it. Thread-safe. */
    Connection connection();

    /** The client sent a message; the payload is valid until this returns. */
    void onMessage(PayloadKind kind, ByteBuffer payload);

    /** Something came from the client, whatever it is; reported before what it is. */
    void onSignOfLife();

    /** The outlet is writable again after it was not. */
    void onWritable();

    /** The connection is gone, or its closing handshake has begun from the other side. Idempotent. */
    void onClosed(int code, String reason);
}
