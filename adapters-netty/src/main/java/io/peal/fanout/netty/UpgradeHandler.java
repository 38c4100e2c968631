package io.peal.fanout.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.Utf8FrameValidator;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Limits;

/**
 * Turns a request for its path into a WebSocket connection (RFC 6455 section 4.2), or answers why not; lets every other
 * request pass. After the upgrade a {@link FanoutHandler} stands in its place.
 */
final class UpgradeHandler extends ChannelInboundHandlerAdapter {

    private final NettyFanout fanout;
    private final String path;
    private final ConnectionHandler handler;

    UpgradeHandler(NettyFanout fanout, String path, ConnectionHandler handler) {
        this.fanout = fanout;
        this.path = path;
        this.handler = handler;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof FullHttpRequest request && isForUs(request)) {
            try {
                answer(ctx, request);
            } finally {
                request.release();
            }
        } else {
            ctx.fireChannelRead(message);
        }
    }

    private boolean isForUs(FullHttpRequest request) {
        String uri = request.uri();
        boolean ends =
                uri.length() == path.length() || (uri.length() > path.length() && uri.charAt(path.length()) == '?');
        return request.decoderResult().isSuccess() && ends && uri.startsWith(path);
    }

    private void answer(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (!isUpgrade(request)) {
            FullHttpResponse response = response(HttpResponseStatus.UPGRADE_REQUIRED, "this is a WebSocket endpoint\n");
            response.headers().set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET);
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
            send(ctx, request, response);
        } else if (!request.headers().contains(HttpHeaderNames.SEC_WEBSOCKET_KEY)) {
            send(ctx, request, response(HttpResponseStatus.BAD_REQUEST, "Sec-WebSocket-Key is missing\n"));
        } else if (!fanout.isOpen()) {
            FullHttpResponse response = response(HttpResponseStatus.SERVICE_UNAVAILABLE, "the server is going away\n");
            response.headers().set(HttpHeaderNames.RETRY_AFTER, "1").set(HttpHeaderNames.CONNECTION, "close");
            ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
        } else {
            upgrade(ctx, request);
        }
    }

    private void upgrade(ChannelHandlerContext ctx, FullHttpRequest request) {
        WebSocketServerHandshaker handshaker =
                new WebSocketServerHandshakerFactory(request.uri(), null, decoderConfig()).newHandshaker(request);
        if (handshaker == null) {
            WebSocketServerHandshakerFactory.sendUnsupportedVersionResponse(ctx.channel());
            return;
        }
        String uri = request.uri();
        ChannelFuture upgraded = handshaker.handshake(ctx.channel(), request);
        FanoutHandler connection = installHandlers(ctx);
        upgraded.addListener(done -> {
            if (done.isSuccess()) {
                connection.open(fanout.shardOf(ctx.channel()), uri, handler);
            } else {
                ctx.close();
            }
        });
    }

    private FanoutHandler installHandlers(ChannelHandlerContext ctx) {
        FanoutHandler connection = new FanoutHandler();
        ChannelPipeline pipeline = ctx.pipeline();
        String own = ctx.name();
        pipeline.addAfter(own, "peal connection", connection);
        pipeline.addAfter(own, "peal messages", new WebSocketFrameAggregator(limits().inboundMessageLength()));
        pipeline.addAfter(own, "peal utf-8", new Utf8FrameValidator(false));
        pipeline.remove(own);
        return connection;
    }

    /** Violations are not answered by the decoder: there is one place that closes, which is {@link FanoutHandler}. */
    private WebSocketDecoderConfig decoderConfig() {
        return WebSocketDecoderConfig.newBuilder()
                .maxFramePayloadLength(limits().inboundFrameLength())
                .closeOnProtocolViolation(false)
                .allowExtensions(false)
                .build();
    }

    private Limits limits() {
        return fanout.fanout().limits();
    }

    private static boolean isUpgrade(FullHttpRequest request) {
        return request.method().equals(HttpMethod.GET)
                && request.headers().containsValue(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)
                && request.headers().containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true);
    }

    private static FullHttpResponse response(HttpResponseStatus status, String text) {
        ByteBuf body = ByteBufUtil.writeAscii(UnpooledByteBufAllocator.DEFAULT, text);
        FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, body);
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.TEXT_PLAIN);
        HttpUtil.setContentLength(response, body.readableBytes());
        return response;
    }

    private static void send(ChannelHandlerContext ctx, FullHttpRequest request, FullHttpResponse response) {
        ChannelFuture sent = ctx.writeAndFlush(response);
        if (!HttpUtil.isKeepAlive(request)) {
            sent.addListener(ChannelFutureListener.CLOSE);
        }
    }
}
