package io.peal.load;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler.ClientHandshakeStateEvent;

/**
 * One connection of one client, in the Centrifuge protocol: it subscribes behind what the client has. Belongs to the event
 * loop.
 */
final class ListenerHandler extends SimpleChannelInboundHandler<TextWebSocketFrame> {

    private static final String CHANNEL = "broadcast";
    private static final String PUSH = "{\"push\"";
    private static final String PING = "{}";

    private final Listeners listeners;
    private final Listeners.Client client;
    private boolean subscribed;

    ListenerHandler(Listeners listeners, Listeners.Client client) {
        this.listeners = listeners;
        this.client = client;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) {
            String recover = client.epoch.isEmpty()
                    ? ""
                    : ",\"recover\":true,\"epoch\":\"" + client.epoch + "\",\"offset\":" + client.offset;
            send(
                    ctx,
                    "{\"id\":1,\"connect\":{}}\n{\"id\":2,\"subscribe\":{\"channel\":\"" + CHANNEL + "\"" + recover
                            + "}}");
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, TextWebSocketFrame frame) {
        frame.text().lines().forEach(line -> take(ctx, line));
    }

    private void take(ChannelHandlerContext ctx, String line) {
        if (line.startsWith(PUSH)) {
            client.offset = Numbers.field(line, "offset");
            listeners.received(client, line);
        } else if (line.equals(PING)) {
            send(ctx, PING);
        } else {
            answered(ctx, line);
        }
    }

    private void answered(ChannelHandlerContext ctx, String answer) {
        if (answer.contains("\"error\"")) {
            listeners.failed(answer);
            ctx.close();
        } else if (answer.startsWith("{\"id\":1,")) {
            client.replica = (int) Numbers.field(answer, "replica");
        } else {
            boolean resumed = !client.epoch.isEmpty();
            if (resumed && !answer.contains("\"recovered\":true")) {
                listeners.failed("not recovered: " + answer);
            }
            int epochAt = answer.indexOf("\"epoch\":\"") + 9;
            client.epoch = answer.substring(epochAt, answer.indexOf('"', epochAt));
            client.offset = Numbers.field(answer, "offset");
            subscribed = true;
            listeners.subscribed(client, resumed);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        listeners.ended(client, subscribed);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close(); // a reset, a refused handshake: the client comes back
    }

    private static void send(ChannelHandlerContext ctx, String text) {
        ctx.writeAndFlush(new TextWebSocketFrame(text));
    }
}
