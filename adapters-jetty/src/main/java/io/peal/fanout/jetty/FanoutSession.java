package io.peal.fanout.jetty;

import io.peal.fanout.CloseCode;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.EventLoop;
import io.peal.fanout.Inlet;
import io.peal.fanout.Limits;
import io.peal.fanout.Place;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.Behavior;
import org.eclipse.jetty.websocket.core.CloseStatus;
import org.eclipse.jetty.websocket.core.CoreSession;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.FrameHandler;
import org.eclipse.jetty.websocket.core.Negotiated;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.OutgoingEntry;
import org.eclipse.jetty.websocket.core.WebSocketComponents;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.eclipse.jetty.websocket.core.exception.CloseException;
import org.eclipse.jetty.websocket.core.util.FrameValidation;
import org.jspecify.annotations.Nullable;

/**
 * One connection: Jetty reads from the socket and parses frames, one at a time, and everything that it finds is handed over
 * to the connection's event loop, in order, where it is decided what follows. What is sent is not Jetty's business; see {@link
 * SocketOutlet}.
 */
final class FanoutSession extends WebSocketCoreSession {

    private static final int HANDED_OVER_LENGTH = 64 * 1024;
    private static final int FRAME_OVERHEAD = 64;
    private static final int DISCARD_LENGTH = 4 * 1024;
    private static final int MAX_CLOSE_CODE = 4999; // Jetty's parser has refused what else must not be sent

    private final Route route;
    private final JettyShard shard;
    private final EventLoop loop;
    private final String uri;
    private final boolean deflating;
    private final Place place;
    private final InboundMessages messages;

    private final AtomicInteger handedOver = new AtomicInteger(); // bytes of frames that the event loop has yet to take
    private volatile boolean upgraded;
    private volatile boolean ended;
    private @Nullable SocketOutlet outlet; // this and what follows belong to the event loop
    private @Nullable Inlet inlet;

    /** A path, and what belongs to it. */
    record Route(String path, ConnectionHandler handler, Limits limits) {}

    /** @param deflating whether permessage-deflate was agreed on */
    FanoutSession(
            Route route,
            JettyShard shard,
            String uri,
            Place place,
            boolean deflating,
            Negotiated negotiated,
            WebSocketComponents components) {
        super(new NoHandler(), Behavior.SERVER, negotiated, components);
        this.route = route;
        this.shard = shard;
        this.loop = shard.loop();
        this.uri = uri;
        this.deflating = deflating;
        this.place = place;
        this.messages = new InboundMessages(route.limits().inboundMessageLength(), shard::inflater);
        setAutoFragment(false);
        setMaxFrameSize(route.limits().inboundFrameLength());
        setIdleTimeout(Duration.ZERO); // the fanout has limits of its own for what is idle
    }

    // What Jetty reports, on its threads.

    /** The answer was sent, or not: if this is not open by now, it never will be. */
    void answered() {
        if (!upgraded) {
            place.giveBack();
        }
    }

    @Override
    public void onOpen() {
        upgraded = true;
        EndPoint endPoint = getConnection().getEndPoint();
        endPoint.setIdleTimeout(0);
        loop.execute(() -> open(endPoint));
    }

    /** Hands a frame over, and lets Jetty read on, so that what comes together is handled together; up to a bound. */
    @Override
    public void onFrame(Frame frame, Callback callback) {
        int length = FRAME_OVERHEAD + frame.getPayloadLength();
        boolean room = handedOver.addAndGet(length) < HANDED_OVER_LENGTH;
        loop.execute(() -> {
            try {
                take(frame);
            } finally {
                callback.succeeded(); // its bytes were Jetty's until now
            }
            int left = handedOver.addAndGet(-length);
            if (left < HANDED_OVER_LENGTH && left + length >= HANDED_OVER_LENGTH && !ended) {
                readOn(); // the one after which nothing was demanded has made the sum too long; now it no longer is
            }
        });
        if (room) {
            demand(); // Jetty's thread is here to do it
        }
    }

    @Override
    public void onEof() {
        loop.execute(() -> end(CloseCode.ABNORMAL, "the connection broke"));
    }

    /** The bytes that came are no frames, and nothing behind them can be told from what was meant. */
    @Override
    public void processConnectionError(Throwable cause, Callback callback) {
        loop.execute(() -> {
            if (cause instanceof CloseException violation) {
                fail(violation);
                getConnection()
                        .getEndPoint()
                        .fillInterested(new Discarding()); // on Jetty's threads: it may go on and on
            } else {
                end(CloseCode.ABNORMAL, "the connection broke");
            }
        });
        callback.succeeded();
    }

    @Override
    public void processHandlerError(Throwable cause, Callback callback) {
        processConnectionError(cause, callback);
    }

    @Override
    public boolean isRsv1Used() {
        return deflating;
    }

    @Override
    public boolean isClosed() {
        return ended;
    }

    @Override
    public void sendFrame(OutgoingEntry entry) {
        entry.getCallback().failed(new UnsupportedOperationException("Peal writes to this connection, nobody else"));
    }

    // On the event loop.

    private void open(EndPoint endPoint) {
        if (ended) {
            place.giveBack();
            return;
        }
        SocketOutlet to = new SocketOutlet(endPoint, loop, deflating);
        outlet = to;
        inlet = shard.shard().open(to, uri, place, route.handler());
        readOn();
    }

    /** Asks Jetty for the next frame: of a server that was stopped, it refuses. */
    private void readOn() {
        try {
            demand();
        } catch (RejectedExecutionException stopped) {
            end(CloseCode.ABNORMAL, "the server was stopped");
        }
    }

    private void take(Frame frame) {
        Inlet to = inlet;
        SocketOutlet out = outlet;
        if (to == null || out == null || ended) {
            return;
        }
        to.onSignOfLife();
        try {
            FrameValidation.assertValidIncoming(frame, this);
            switch (frame.getOpCode()) {
                case OpCode.CLOSE -> closed(frame, out, to);
                case OpCode.PING -> out.pong(payload(frame));
                case OpCode.PONG -> {}
                default -> {
                    if (!out.isCloseSent()) {
                        InboundMessages.Inbound message = messages.add(frame);
                        if (message != null) {
                            to.onMessage(message.kind(), message.payload());
                        }
                    }
                }
            }
        } catch (CloseException violation) {
            fail(violation);
        }
    }

    private void closed(Frame frame, SocketOutlet out, Inlet to) {
        CloseStatus status = CloseStatus.getCloseStatus(frame);
        if (status.getCode() > MAX_CLOSE_CODE) {
            throw new CloseException(CloseCode.PROTOCOL_ERROR, "close code " + status.getCode());
        }
        out.answerClose(payload(frame));
        to.onClosed(status.getCode(), status.getReason() == null ? "" : status.getReason());
    }

    private void fail(CloseException violation) {
        int code = violation.getStatusCode();
        String reason = violation.getMessage() == null ? "" : violation.getMessage();
        if (outlet != null) {
            outlet.fail(code, reason);
        }
        if (inlet != null) {
            inlet.onClosed(code, reason);
        }
    }

    private void end(int code, String reason) {
        ended = true;
        if (outlet != null) {
            outlet.end();
        } else {
            getConnection().getEndPoint().close();
        }
        if (inlet != null) {
            inlet.onClosed(code, reason);
        }
    }

    private static ByteBuffer payload(Frame frame) {
        return frame.getPayload() == null ? BufferUtil.EMPTY_BUFFER : frame.getPayload();
    }

    /** Reads what still comes and forgets it, until the client ends the connection: else it would be reset. */
    private final class Discarding implements Callback {

        private final EndPoint endPoint = getConnection().getEndPoint();
        private final ByteBuffer discarded = BufferUtil.allocate(DISCARD_LENGTH);

        @Override
        public void succeeded() {
            try {
                int filled;
                do {
                    BufferUtil.clear(discarded);
                    filled = endPoint.fill(discarded);
                } while (filled > 0);
                if (filled == 0) {
                    endPoint.fillInterested(this);
                } else {
                    onEof();
                }
            } catch (Exception broken) {
                failed(broken);
            }
        }

        @Override
        public void failed(Throwable cause) {
            onEof();
        }
    }

    /** Nothing reaches it. */
    private static final class NoHandler implements FrameHandler {

        @Override
        public void onOpen(CoreSession session, Callback callback) {
            callback.succeeded();
        }

        @Override
        public void onFrame(Frame frame, Callback callback) {
            callback.succeeded();
        }

        @Override
        public void onError(Throwable cause, Callback callback) {
            callback.succeeded();
        }

        @Override
        public void onClosed(CloseStatus status, Callback callback) {
            callback.succeeded();
        }
    }
}
