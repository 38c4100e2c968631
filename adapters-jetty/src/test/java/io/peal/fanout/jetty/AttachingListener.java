package io.peal.fanout.jetty;

import io.peal.bus.PayloadKind;
import io.peal.fanout.Connection;
import io.peal.fanout.ConnectionHandler;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.jspecify.annotations.Nullable;

/** A listener as a user has it, which attaches its session, and passes on what the client sends. */
public final class AttachingListener implements Session.Listener.AutoDemanding {

    private final JettyFanout live;
    private final ConnectionHandler handler;
    private @Nullable Connection connection;

    AttachingListener(JettyFanout live, ConnectionHandler handler) {
        this.live = live;
        this.handler = handler;
    }

    @Override
    public void onWebSocketOpen(Session session) {
        connection = live.attach(session, handler);
    }

    @Override
    public void onWebSocketText(String message) {
        received(PayloadKind.TEXT, ByteBuffer.wrap(message.getBytes(StandardCharsets.UTF_8)));
    }

    @Override
    public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
        received(PayloadKind.BINARY, payload);
        callback.succeed();
    }

    /** A client that breaks off is nothing to report. */
    @Override
    public void onWebSocketError(Throwable cause) {}

    private void received(PayloadKind kind, ByteBuffer payload) {
        Connection own = connection;
        if (own != null) {
            handler.onMessage(own, kind, payload);
        }
    }
}
