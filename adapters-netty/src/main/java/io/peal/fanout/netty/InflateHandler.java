package io.peal.fanout.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.concurrent.FastThreadLocal;
import io.peal.fanout.MessageInflater;
import io.peal.fanout.MessageInflater.Failure;
import io.peal.fanout.MessageInflater.InflateException;
import java.nio.ByteBuffer;

/** Brings whole compressed messages back; stands behind what puts fragments together. */
final class InflateHandler extends ChannelInboundHandlerAdapter {

    private static final FastThreadLocal<MessageInflater> INFLATERS = new FastThreadLocal<>() {
        @Override
        protected MessageInflater initialValue() {
            return new MessageInflater();
        }
    };

    private final int maxLength;

    InflateHandler(int maxLength) {
        this.maxLength = maxLength;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof WebSocketFrame frame && frame.rsv() != 0) {
            try {
                ctx.fireChannelRead(inflated(ctx, frame));
            } finally {
                frame.release();
            }
        } else {
            ctx.fireChannelRead(message);
        }
    }

    private WebSocketFrame inflated(ChannelHandlerContext ctx, WebSocketFrame frame) {
        ByteBuffer message;
        try {
            message = INFLATERS.get().inflate(frame.content().nioBuffer(), maxLength);
        } catch (InflateException e) {
            if (e.failure() == Failure.TOO_LONG) {
                throw new TooLongFrameException("more than " + maxLength + " bytes when it is inflated");
            }
            throw new CorruptedWebSocketFrameException(
                    WebSocketCloseStatus.INVALID_PAYLOAD_DATA, "not a compressed message");
        }
        ByteBuf content = ctx.alloc().buffer(message.remaining()).writeBytes(message);
        return frame instanceof TextWebSocketFrame
                ? new TextWebSocketFrame(content)
                : new BinaryWebSocketFrame(content);
    }
}
