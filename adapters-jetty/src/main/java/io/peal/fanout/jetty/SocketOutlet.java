package io.peal.fanout.jetty;

import io.peal.fanout.ControlFrame;
import io.peal.fanout.EventLoop;
import io.peal.fanout.FrameRun;
import io.peal.fanout.Inlet;
import io.peal.fanout.Outlet;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * The bytes to one client. Belongs to the connection's event loop; only {@link #succeeded} and {@link #failed}, which end a
 * write that had to wait for the socket, come from Jetty's threads, and are handed over.
 *
 * <p>Nobody else writes to the endpoint, so frames are written from the buffers that all connections share, past Jetty's
 * queue of frames, and a control frame can only stand between two others. While a write waits, what comes is queued up to a
 * bound, and goes out in one write when the first is done.
 *
 * <p>Closing (RFC 6455 section 7) is the same as on Netty: after a Close nothing else is sent; who does not answer it in
 * time is cut off, and reset if it has not even taken what it was sent.
 */
final class SocketOutlet implements Outlet<SharedBuffer>, Callback {

    private static final int HIGH_WATER_MARK = 64 * 1024; // bytes that wait for the socket
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(3);

    /** What follows when a Close was sent. */
    private enum AfterClose {
        /** The client answers it. */
        WAIT,
        /** It was the answer: the TCP connection ends. */
        END,
        /** The client is not expected to answer, but may still send: only this end is closed, so that nothing is reset. */
        END_OUTPUT
    }

    private final EndPoint endPoint;
    private final @Nullable SocketChannel channel; // what the endpoint writes to, if nothing is between the two
    private final EventLoop loop;
    private final boolean deflating;
    private final List<SharedBuffer> waiting = new ArrayList<>(1);
    private final List<SharedBuffer> inFlight = new ArrayList<>(0);
    private @Nullable Inlet inlet;
    private int queued; // bytes that wait, while a write is in flight
    private @Nullable SharedBuffer waitingPong;
    private @Nullable AfterClose afterClose; // set when a Close is written
    private boolean gone;

    SocketOutlet(EndPoint endPoint, EventLoop loop, boolean deflating) {
        this.endPoint = endPoint;
        this.channel = endPoint instanceof SocketChannelEndPoint plain ? plain.getChannel() : null;
        this.loop = loop;
        this.deflating = deflating;
    }

    @Override
    public void open(Inlet inlet) {
        this.inlet = inlet;
    }

    boolean isCloseSent() {
        return afterClose != null;
    }

    // What the fanout does.

    @Override
    public boolean writable() {
        return !gone && afterClose == null && queued < HIGH_WATER_MARK;
    }

    @Override
    public void write(FrameRun<SharedBuffer> frames) {
        if (!gone && afterClose == null) {
            SharedBuffer shared = deflating ? frames.deflated() : frames.plain();
            waiting.add(shared.hold());
            if (isInFlight()) {
                queued += shared.bytes().remaining();
            }
        }
    }

    @Override
    public void flush() {
        if (!isInFlight() && !gone) {
            writeWaiting();
        }
    }

    @Override
    public void ping() {
        if (!gone && afterClose == null) {
            waiting.add(SharedBuffer.of(ControlFrame.ping()));
            flush();
        }
    }

    @Override
    public void close(int code, String reason) {
        close(ControlFrame.close(code, reason), AfterClose.WAIT);
    }

    // What the session does.

    /** Answers a ping; a client that sends many and reads nothing gets the last answer only (RFC 6455 section 5.5.3). */
    void pong(ByteBuffer payload) {
        if (gone || afterClose != null) {
            return;
        }
        SharedBuffer pong = SharedBuffer.of(ControlFrame.pong(payload));
        int earlier = waitingPong == null ? -1 : waiting.indexOf(waitingPong);
        if (earlier >= 0) {
            waiting.set(earlier, pong);
        } else {
            waiting.add(pong);
        }
        waitingPong = pong;
        flush();
    }

    /** Answers a Close with its payload. */
    void answerClose(ByteBuffer payload) {
        if (afterClose != null) {
            endPoint.close();
        } else {
            close(ControlFrame.close(payload), AfterClose.END);
        }
    }

    /** Closes a connection whose client broke the protocol. */
    void fail(int code, String reason) {
        close(ControlFrame.close(code, reason), AfterClose.END_OUTPUT);
    }

    /** The TCP connection has ended. */
    void end() {
        gone = true;
        waiting.forEach(SharedBuffer::release);
        waiting.clear();
        endPoint.close();
    }

    // Writing.

    private void close(ByteBuffer frame, AfterClose then) {
        if (!gone && afterClose == null) {
            afterClose = then;
            waiting.add(SharedBuffer.of(frame));
            loop.schedule(this::cutOff, CLOSE_TIMEOUT);
            flush();
        }
    }

    private void cutOff() {
        if (!gone && isInFlight() && underlying() instanceof SocketChannelEndPoint plain) {
            try { // otherwise the system would keep for many minutes what the client does not take
                plain.getChannel().setOption(StandardSocketOptions.SO_LINGER, 0);
            } catch (IOException alreadyClosed) {
                return;
            }
        }
        endPoint.close();
    }

    private EndPoint underlying() {
        return endPoint instanceof EndPoint.Wrapper wrapper ? wrapper.unwrap() : endPoint;
    }

    private boolean isInFlight() {
        return !inFlight.isEmpty();
    }

    private void writeWaiting() {
        try {
            ByteBuffer[] rest = waiting.size() == 1 ? write(waiting.get(0).bytes()) : writeAll();
            if (rest == null) {
                waiting.forEach(SharedBuffer::release);
                waiting.clear();
                closeIfCloseWasSent();
            } else {
                inFlight.addAll(waiting);
                waiting.clear();
                for (ByteBuffer part : rest) {
                    queued += part.remaining();
                }
                endPoint.write(this, rest);
            }
        } catch (IOException broken) {
            endPoint.close(broken); // which is reported by the session
        }
    }

    /** Writes one buffer; null if all of it was written. The buffer is as before, because it is shared. */
    private ByteBuffer @Nullable [] write(ByteBuffer frames) throws IOException {
        try {
            boolean done;
            if (channel != null) {
                channel.write(frames);
                done = !frames.hasRemaining();
            } else {
                done = endPoint.flush(frames);
            }
            return done ? null : new ByteBuffer[] {frames.slice()};
        } finally {
            frames.position(0); // also if it breaks: TLS has taken some by then
        }
    }

    private ByteBuffer @Nullable [] writeAll() throws IOException {
        ByteBuffer[] all = new ByteBuffer[waiting.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = waiting.get(i).bytes().duplicate();
        }
        return all.length == 0 || endPoint.flush(all) ? null : all;
    }

    private void closeIfCloseWasSent() {
        if (afterClose == AfterClose.END) {
            endPoint.close();
        } else if (afterClose == AfterClose.END_OUTPUT) {
            endPoint.shutdownOutput();
        }
    }

    // What Jetty tells of a write that had to wait.

    @Override
    public void succeeded() {
        loop.execute(this::written);
    }

    @Override
    public void failed(Throwable cause) {
        loop.execute(() -> {
            inFlight.forEach(SharedBuffer::release);
            inFlight.clear();
            endPoint.close(cause);
        });
    }

    @Override
    public InvocationType getInvocationType() {
        return InvocationType.NON_BLOCKING;
    }

    private void written() {
        inFlight.forEach(SharedBuffer::release);
        inFlight.clear();
        queued = 0;
        if (gone) {
            return;
        }
        if (waiting.isEmpty()) {
            closeIfCloseWasSent();
        } else {
            writeWaiting();
        }
        if (inlet != null && writable()) {
            inlet.onWritable();
        }
    }
}
