package io.peal.fanout.jetty;

import io.peal.bus.PayloadKind;
import io.peal.fanout.CloseCode;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.EventLoop;
import io.peal.fanout.FrameRun;
import io.peal.fanout.Inlet;
import io.peal.fanout.Outlet;
import io.peal.fanout.Place;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.jspecify.annotations.Nullable;

/**
 * The outlet to a session of somebody else's listener: messages go as Jetty's frames, those of a turn in one batch, which
 * Jetty brings to the socket in one write. Jetty would queue without a limit, so only one batch is given to it at a time.
 * Belongs to the connection's event loop; Jetty's callbacks are handed over.
 */
final class AttachedSession implements Outlet<SharedBuffer>, Callback {

    private static final int HIGH_WATER_MARK = 64 * 1024; // bytes that wait for the batch before
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(3);

    private record Closing(int code, String reason) {}

    private record Waiting(FrameRun<SharedBuffer> frames, SharedBuffer held) {}

    private final WebSocketCoreSession session;
    private final EventLoop loop;
    private final Callback notTheLast = Callback.from(() -> {}, this::broken);
    private final List<Waiting> waiting = new ArrayList<>(1);
    private final List<SharedBuffer> inFlight = new ArrayList<>(1);
    private @Nullable Inlet inlet;
    private @Nullable Closing closing; // behind what waits
    private int queued;
    private long heard;
    private @Nullable Frame last; // of the batch that is being given away
    private boolean gone;

    private AttachedSession(WebSocketCoreSession session, EventLoop loop) {
        this.session = session;
        this.loop = loop;
    }

    static Inlet open(WebSocketCoreSession session, JettyShard shard, Place place, ConnectionHandler handler) {
        AttachedSession outlet = new AttachedSession(session, shard.loop());
        URI uri = session.getRequestURI();
        String pathAndQuery = uri.getRawQuery() == null ? uri.getRawPath() : uri.getRawPath() + "?" + uri.getRawQuery();
        Inlet inlet = shard.shard().open(outlet, pathAndQuery, place, handler);
        session.getConnection().addEventListener(outlet.new End());
        if (!session.getConnection().getEndPoint().isOpen()) {
            outlet.ended(); // before anybody listened
        }
        return inlet;
    }

    @Override
    public void open(Inlet inlet) {
        this.inlet = inlet;
    }

    @Override
    public boolean writable() {
        return !gone && closing == null && queued < HIGH_WATER_MARK;
    }

    @Override
    public void write(FrameRun<SharedBuffer> frames) {
        if (!gone && closing == null) {
            SharedBuffer held = frames.plain().hold();
            waiting.add(new Waiting(frames, held));
            if (!inFlight.isEmpty()) {
                queued += held.bytes().remaining();
            }
        }
    }

    @Override
    public void flush() {
        if (inFlight.isEmpty() && !waiting.isEmpty() && !gone) {
            giveAway();
        }
    }

    @Override
    public void ping() {
        session.sendFrame(new Frame(OpCode.PING), Callback.NOOP, false);
    }

    @Override
    public boolean hasHeard() {
        long before = heard;
        heard = session.getConnection().getMessagesIn();
        return heard != before;
    }

    @Override
    public void close(int code, String reason) {
        if (!gone && closing == null) {
            closing = new Closing(code, reason);
            loop.schedule(session::abort, CLOSE_TIMEOUT); // a client that takes nothing takes no Close, either
            flush();
            closeIfNothingWaits();
        }
    }

    private void closeIfNothingWaits() {
        Closing close = closing;
        if (close != null && waiting.isEmpty() && inFlight.isEmpty() && !gone) {
            session.close(close.code(), close.reason(), Callback.NOOP);
        }
    }

    /** Jetty has all bytes of the batch when it has those of its last frame, and tells of that one only. */
    private void giveAway() {
        for (Waiting one : waiting) {
            inFlight.add(one.held());
            queued += one.held().bytes().remaining();
            one.frames().forEachMessage(this::give);
        }
        waiting.clear();
        Frame end = last;
        last = null;
        if (end != null) {
            session.sendFrame(end, this, false);
        }
    }

    private void give(PayloadKind kind, ByteBuffer payload) {
        if (last != null) {
            session.sendFrame(last, notTheLast, true);
        }
        last = new Frame(kind == PayloadKind.TEXT ? OpCode.TEXT : OpCode.BINARY, payload);
    }

    @Override
    public void succeeded() {
        loop.execute(this::written);
    }

    @Override
    public void failed(Throwable cause) {
        broken(cause);
        loop.execute(this::written);
    }

    /** A message was lost: the session is broken, or its listener sends one in parts just now. */
    private void broken(Throwable cause) {
        session.abort();
    }

    @Override
    public InvocationType getInvocationType() {
        return InvocationType.NON_BLOCKING;
    }

    private void written() {
        inFlight.forEach(SharedBuffer::release);
        inFlight.clear();
        queued = 0;
        flush();
        closeIfNothingWaits();
        if (inlet != null && writable()) {
            inlet.onWritable();
        }
    }

    private void ended() {
        loop.execute(() -> {
            gone = true;
            waiting.forEach(one -> one.held().release());
            waiting.clear();
            Closing close = closing;
            if (inlet != null) {
                inlet.onClosed(
                        close == null ? CloseCode.ABNORMAL : close.code(),
                        close == null ? "the session ended" : close.reason());
            }
        });
    }

    /** Jetty tells it of the end of the TCP connection. */
    private final class End implements Connection.Listener {

        @Override
        public void onClosed(Connection connection) {
            ended();
        }
    }
}
