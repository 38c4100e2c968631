package io.peal.fanout.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import io.peal.bus.PayloadKind;
import io.peal.fanout.CloseCode;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.ControlFrame;
import io.peal.fanout.FrameRun;
import io.peal.fanout.Inlet;
import io.peal.fanout.Outlet;
import io.peal.fanout.Place;
import io.peal.fanout.Shard;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection: frames from the client go in, finished frames go out. Everything is written from here as bytes, in one
 * order, and only here is it decided when a connection is closed. Belongs to the channel's event loop.
 *
 * <p>Closing (RFC 6455 section 7): whoever begins sends a Close, the other answers it, the server ends the TCP connection.
 * After a Close was sent nothing else is. A client that does not answer in time is cut off; one that broke the protocol is
 * not expected to answer, so the server's end is closed at once, and only that end: closing both while the client still
 * sends would reset the connection, and with it the Close on its way.
 */
final class FanoutHandler extends ChannelInboundHandlerAdapter implements Outlet<ByteBuf> {

    private static final long CLOSE_TIMEOUT_MS = 3_000;
    private static final int MAX_CLOSE_CODE = 4999; // Netty's decoder has refused what else must not be sent

    private @Nullable ChannelHandlerContext ctx;
    private @Nullable Inlet inlet;
    private @Nullable Future<?> closeTimeout;
    private final boolean deflating;
    private @Nullable DirectSocket direct; // the short cut, if there is one
    private @Nullable ByteBuf pending; // what would take it, retained
    private @Nullable ByteBuffer pong; // the answer to the newest ping, until there is room
    private boolean closeSent;
    private boolean gone;

    /** @param deflating whether permessage-deflate was agreed on */
    FanoutHandler(boolean deflating) {
        this.deflating = deflating;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        this.ctx = ctx;
    }

    /** The handshake is done: from now on this is a connection. */
    void open(Shard<ByteBuf> shard, String uri, Place place, ConnectionHandler handler) {
        if (gone) {
            place.giveBack();
        } else {
            direct = DirectSocket.of(context());
            shard.open(this, uri, place, handler);
        }
    }

    // What the client sends.

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object frame) {
        try {
            if (inlet != null) {
                inlet.onSignOfLife();
            }
            if (frame instanceof CloseWebSocketFrame close) {
                onClose(ctx, close);
            } else if (!closeSent && frame instanceof TextWebSocketFrame text) {
                onMessage(PayloadKind.TEXT, text.content());
            } else if (!closeSent && frame instanceof BinaryWebSocketFrame binary) {
                onMessage(PayloadKind.BINARY, binary.content());
            } else if (!closeSent && frame instanceof PingWebSocketFrame ping) {
                pong = ControlFrame.pong(ping.content().nioBuffer());
                answerPing(ctx);
            }
        } finally {
            ReferenceCountUtil.release(frame);
        }
    }

    private void onMessage(PayloadKind kind, ByteBuf content) {
        if (inlet != null) {
            inlet.onMessage(kind, content.nioBuffer());
        }
    }

    /** A client that sends many and reads nothing gets the last answer only (RFC 6455 section 5.5.3). */
    private void answerPing(ChannelHandlerContext ctx) {
        ByteBuffer answer = pong;
        if (answer != null && writable()) {
            pong = null;
            queuePending();
            ctx.writeAndFlush(buffer(ctx, answer), ctx.voidPromise());
        }
    }

    private void onClose(ChannelHandlerContext ctx, CloseWebSocketFrame close) {
        int code = close.statusCode() < 0 ? CloseCode.NO_STATUS : close.statusCode();
        if (code > MAX_CLOSE_CODE) {
            fail(CloseCode.PROTOCOL_ERROR, "close code " + code);
            return;
        }
        if (closeSent) {
            ctx.close();
        } else {
            beginToClose();
            ctx.writeAndFlush(buffer(ctx, ControlFrame.close(close.content().nioBuffer())))
                    .addListener(sent -> ctx.close());
        }
        tellGone(code, close.reasonText());
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        answerPing(ctx);
        if (inlet != null && writable()) {
            inlet.onWritable();
        }
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        gone = true;
        queuePending(); // where it is released, because the channel is closed
        if (closeTimeout != null) {
            closeTimeout.cancel(false);
        }
        tellGone(CloseCode.ABNORMAL, "the connection broke");
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof CorruptedWebSocketFrameException violation) {
            fail(violation.closeStatus().code(), violation.closeStatus().reasonText());
        } else if (cause instanceof TooLongFrameException) {
            fail(CloseCode.MESSAGE_TOO_BIG, "message too long");
        } else if (cause instanceof IOException) {
            ctx.close(); // the client is gone, which is nothing to report
        } else {
            ctx.fireExceptionCaught(cause);
            fail(CloseCode.INTERNAL_ERROR, "internal error");
        }
    }

    private void fail(int code, String reason) {
        sendClose(code, reason).addListener(sent -> {
            if (context().channel() instanceof DuplexChannel duplex) {
                duplex.shutdownOutput();
            } else {
                context().close();
            }
        });
        tellGone(code, reason);
    }

    private void tellGone(int code, String reason) {
        if (inlet != null) {
            inlet.onClosed(code, reason);
        }
    }

    // What the fanout does.

    @Override
    public void open(Inlet inlet) {
        this.inlet = inlet;
    }

    @Override
    public boolean writable() {
        return !closeSent && context().channel().isWritable();
    }

    @Override
    public void write(FrameRun<ByteBuf> frames) {
        if (closeSent) {
            return;
        }
        ByteBuf shared = deflating ? frames.deflated() : frames.plain();
        if (direct != null && pending == null && direct.isFree()) {
            pending = shared.retain(); // perhaps more comes: what is alone when it is flushed takes the short cut
        } else {
            queuePending();
            context().write(shared.retainedDuplicate(), context().voidPromise());
        }
    }

    @Override
    public void flush() {
        ByteBuf alone = pending;
        if (alone == null || direct == null || !direct.isFree()) {
            queuePending();
            context().flush();
            return;
        }
        int written = direct.write(alone);
        if (written == alone.readableBytes()) {
            pending = null;
            alone.release();
        } else {
            queuePending(written);
            context().flush();
        }
    }

    private void queuePending() {
        queuePending(0);
    }

    /** Lets what waits for the short cut go the ordinary way: before anything else does. */
    private void queuePending(int written) {
        ByteBuf waiting = pending;
        if (waiting != null) {
            pending = null;
            context().write(waiting.duplicate().skipBytes(written), context().voidPromise());
        }
    }

    @Override
    public void ping() {
        if (!closeSent) {
            queuePending();
            ChannelHandlerContext context = context();
            context.writeAndFlush(buffer(context, ControlFrame.ping()), context.voidPromise());
        }
    }

    @Override
    public void close(int code, String reason) {
        sendClose(code, reason);
    }

    private ChannelFuture sendClose(int code, String reason) {
        ChannelHandlerContext context = context();
        if (closeSent) {
            return context.newSucceededFuture();
        }
        beginToClose();
        return context.writeAndFlush(buffer(context, ControlFrame.close(code, reason)));
    }

    /** The next frame is a Close, and the last one; a client that does not take it, or does not answer, is cut off. */
    private void beginToClose() {
        queuePending();
        closeSent = true;
        closeTimeout = context().executor().schedule(this::cutOff, CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS);
    }

    /**
     * Ends the TCP connection of a client that did not answer. If it has not even taken what was sent, the connection is
     * reset: otherwise the system would keep that for it for many minutes more.
     */
    private void cutOff() {
        Channel channel = context().channel();
        ChannelOutboundBuffer unsent = channel.unsafe().outboundBuffer();
        if (unsent != null && !unsent.isEmpty()) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
        }
        context().close();
    }

    private static ByteBuf buffer(ChannelHandlerContext ctx, ByteBuffer frame) {
        return ctx.alloc().directBuffer(frame.remaining()).writeBytes(frame);
    }

    private ChannelHandlerContext context() {
        ChannelHandlerContext context = ctx;
        if (context == null) {
            throw new IllegalStateException("the handler is in no pipeline");
        }
        return context;
    }
}
