package io.peal.examples.notify;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;

/** Collects the bodies of requests; one that is too long is answered in JSON as every other error is. */
final class BodyAggregator extends HttpObjectAggregator {

    BodyAggregator(int maxLength) {
        super(maxLength);
    }

    @Override
    protected void handleOversizedMessage(ChannelHandlerContext ctx, HttpMessage oversized) {
        ctx.writeAndFlush(tooLong()).addListener(ChannelFutureListener.CLOSE);
    }

    /** A client that asks first whether it may send the body gets the same answer. */
    @Override
    protected Object newContinueResponse(HttpMessage start, int maxLength, ChannelPipeline pipeline) {
        Object response = super.newContinueResponse(start, maxLength, pipeline);
        boolean refused = response instanceof HttpResponse http
                && http.status().equals(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE);
        return refused ? tooLong() : response;
    }

    private FullHttpResponse tooLong() {
        return ApiHandler.response(
                Api.Reply.error(413, "the body is too long, the limit is " + maxContentLength() + " bytes"));
    }
}
