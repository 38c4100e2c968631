package io.peal.examples.notify;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.io.IOException;
import java.util.List;

/** Brings the requests that are not for WebSocket endpoints to the {@link Api}. */
final class NettyApiHandler extends SimpleChannelInboundHandler<FullHttpRequest> {

    private final Api api;

    NettyApiHandler(Api api) {
        this.api = api;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        boolean last = api.isStopping() || !HttpUtil.isKeepAlive(request);
        FullHttpResponse response = response(answer(request));
        HttpUtil.setKeepAlive(response, !last);
        ChannelFuture sent = ctx.writeAndFlush(response);
        if (last) {
            sent.addListener(ChannelFutureListener.CLOSE);
        }
    }

    private Api.Reply answer(FullHttpRequest request) {
        if (request.decoderResult().isFailure()) {
            return Api.Reply.error(400, "this is not HTTP");
        }
        try {
            QueryStringDecoder uri = new QueryStringDecoder(request.uri());
            return api.answer(
                    request.method().name(),
                    uri.path(),
                    name -> uri.parameters().getOrDefault(name, List.of()).stream()
                            .findFirst()
                            .orElse(null),
                    request.content().nioBuffer());
        } catch (IllegalArgumentException brokenEscape) {
            return Api.Reply.error(400, "the request's address is malformed");
        }
    }

    static FullHttpResponse response(Api.Reply reply) {
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(reply.status()), Unpooled.wrappedBuffer(reply.body()));
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, reply.contentType());
        HttpUtil.setContentLength(response, reply.body().length);
        return response;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof IOException)) { // a client that went away in the middle of a request
            System.err.println("notify: a request failed: " + cause);
        }
        ctx.close();
    }
}
