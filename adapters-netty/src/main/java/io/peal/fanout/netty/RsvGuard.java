package io.peal.fanout.netty;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.ReferenceCountUtil;

/**
 * Refuses frames with reserved bits that nobody agreed on: with permessage-deflate, the first frame of a message may have
 * RSV1 (RFC 7692 section 6), nothing else may have any. Netty's decoder looks at none of them once extensions are allowed.
 */
final class RsvGuard extends ChannelInboundHandlerAdapter {

    private static final int RSV1 = 4;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof WebSocketFrame frame && frame.rsv() != 0) {
            boolean beginsAMessage = frame instanceof TextWebSocketFrame || frame instanceof BinaryWebSocketFrame;
            if (frame.rsv() != RSV1 || !beginsAMessage) {
                ReferenceCountUtil.release(message);
                throw new CorruptedWebSocketFrameException(
                        WebSocketCloseStatus.PROTOCOL_ERROR, "reserved bits " + frame.rsv());
            }
        }
        ctx.fireChannelRead(message);
    }
}
