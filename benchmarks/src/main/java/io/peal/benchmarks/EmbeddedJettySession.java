package io.peal.benchmarks;

import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import org.eclipse.jetty.io.ByteArrayEndPoint;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.eclipse.jetty.util.thread.Scheduler;
import org.eclipse.jetty.websocket.core.Behavior;
import org.eclipse.jetty.websocket.core.CloseStatus;
import org.eclipse.jetty.websocket.core.CoreSession;
import org.eclipse.jetty.websocket.core.ExtensionStack;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.FrameHandler;
import org.eclipse.jetty.websocket.core.Negotiated;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.WebSocketComponents;
import org.eclipse.jetty.websocket.core.WebSocketConnection;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;

/** A session of Jetty's WebSocket without a socket: its end point counts the bytes that it is to send, and always has room. */
final class EmbeddedJettySession implements FrameHandler {

    private static final Scheduler SCHEDULER = new ScheduledExecutorScheduler("never-started", true);

    private final Counting endPoint = new Counting();
    private final WebSocketCoreSession session;

    EmbeddedJettySession(WebSocketComponents components) {
        ExtensionStack extensions = new ExtensionStack(components, Behavior.SERVER);
        extensions.negotiate(List.of(), List.of());
        session = new WebSocketCoreSession(
                this,
                Behavior.SERVER,
                new Negotiated(URI.create("ws://localhost/"), "", false, extensions, "13"),
                components);
        WebSocketConnection connection = new WebSocketConnection(
                endPoint, components.getExecutor(), SCHEDULER, components.getByteBufferPool(), session);
        session.setWebSocketConnection(connection);
        endPoint.setConnection(connection);
        connection.onOpen();
    }

    /** Sends a message, as an application does that goes through its sessions; returns how many bytes that were. */
    long send(ByteBuffer payload) {
        long before = endPoint.sent;
        session.sendFrame(new Frame(OpCode.BINARY, true, payload), Callback.NOOP, false);
        if (endPoint.sent == before) {
            throw new IllegalStateException("the session of the benchmark has sent nothing");
        }
        return endPoint.sent - before;
    }

    @Override
    public void onOpen(CoreSession opened, Callback callback) {
        callback.succeeded();
    }

    @Override
    public void onFrame(Frame frame, Callback callback) {
        callback.succeeded(); // nothing comes
    }

    @Override
    public void onError(Throwable cause, Callback callback) {
        callback.failed(cause);
        throw new IllegalStateException("the session of the benchmark failed", cause);
    }

    @Override
    public void onClosed(CloseStatus status, Callback callback) {
        callback.succeeded();
    }

    private static final class Counting extends ByteArrayEndPoint {

        private long sent;

        @Override
        public boolean flush(ByteBuffer... buffers) {
            for (ByteBuffer buffer : buffers) {
                sent += buffer.remaining();
                buffer.position(buffer.limit());
            }
            return true;
        }
    }
}
