package io.peal.load;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import org.jspecify.annotations.Nullable;

/** One connection of one client. Belongs to the event loop. */
final class ListenerHandler extends SimpleChannelInboundHandler<TextWebSocketFrame> {

    private final Listeners listeners;
    private final int client;
    private final int attempt;
    private Ledger.@Nullable Segment segment; // null until the hello has come

    ListenerHandler(Listeners listeners, int client, int attempt) {
        this.listeners = listeners;
        this.client = client;
        this.attempt = attempt;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, TextWebSocketFrame frame) {
        Ledger.Segment open = segment;
        if (open == null) {
            segment = listeners.opened(client, attempt, (int) Numbers.field(frame.text(), "replica"));
        } else {
            listeners.received(open, frame.text());
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        Ledger.Segment open = segment;
        if (open != null) {
            open.ended();
        }
        listeners.ended(client, attempt, open != null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close(); // a reset, a refused handshake: the client comes back
    }
}
