package io.peal.examples.notify;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;

/** Collects the bodies of requests; one that is too long is answered in JSON as every other error is. */
final class BodyAggregator extends HttpObjectAggregator {

    BodyAggregator(int maxLength) {
        super(maxLength);
    }

    @Override
    protected void handleOversizedMessage(ChannelHandlerContext ctx, HttpMessage oversized) {
        ChannelFuture sent = ctx.writeAndFlush(tooLong());
        if (!HttpUtil.isKeepAlive(oversized)) {
            sent.addListener(ChannelFutureListener.CLOSE);
        } // else the rest is read and dropped: closing while it still comes would reset the answer on its way
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
        return NettyApiHandler.response(
                Api.Reply.error(413, "the body is too long, the limit is " + maxContentLength() + " bytes"));
    }
}
