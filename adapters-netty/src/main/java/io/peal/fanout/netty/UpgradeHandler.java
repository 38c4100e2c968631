package io.peal.fanout.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.Utf8FrameValidator;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import io.netty.util.ReferenceCountUtil;
import io.peal.fanout.Admission;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Entry;
import io.peal.fanout.Limits;
import io.peal.fanout.Place;
import io.peal.fanout.Shard;
import io.peal.fanout.UpgradeRequest;
import java.net.InetSocketAddress;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Turns a request for its path into a WebSocket connection (RFC 6455 section 4.2), or answers why not; lets every other
 * request pass. After the upgrade a {@link FanoutHandler} stands in its place.
 */
final class UpgradeHandler extends ChannelInboundHandlerAdapter {

    /** For the first request of a channel, whatever it is for, and for what is decided on it; however many paths there are. */
    private static final AttributeKey<Future<?>> DEADLINE = AttributeKey.valueOf(UpgradeHandler.class, "deadline");

    private final NettyFanout fanout;
    private final String path;
    private final ConnectionHandler handler;
    private boolean deciding;

    UpgradeHandler(NettyFanout fanout, String path, ConnectionHandler handler) {
        this.fanout = fanout;
        this.path = path;
        this.handler = handler;
    }

    /** The pipeline may be of a channel that is registered already, or not yet: the time runs from whatever is later. */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.channel().isRegistered()) {
            startDeadline(ctx);
        }
    }

    @Override
    public void channelRegistered(ChannelHandlerContext ctx) {
        startDeadline(ctx);
        ctx.fireChannelRegistered();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        endDeadline(ctx);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        endDeadline(ctx);
        ctx.fireChannelInactive();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (deciding) { // a client has nothing to say before it is answered
            ReferenceCountUtil.release(message);
            ctx.close();
        } else if (message instanceof FullHttpRequest request && isForUs(request)) {
            try {
                admit(ctx, request);
            } finally {
                request.release();
            }
        } else {
            endDeadline(ctx); // it talks to somebody else
            ctx.fireChannelRead(message);
        }
    }

    /** Does nothing if it runs: it is one for the first request and its answer. */
    private void startDeadline(ChannelHandlerContext ctx) {
        Attribute<Future<?>> attribute = ctx.channel().attr(DEADLINE);
        Future<?> deadline = attribute.get();
        if (deadline == null || deadline.isDone()) {
            long nanos = limits().upgradeDeadline().toNanos();
            attribute.set(ctx.executor().schedule(() -> ctx.close(), nanos, TimeUnit.NANOSECONDS));
        }
    }

    private static void endDeadline(ChannelHandlerContext ctx) {
        Future<?> deadline = ctx.channel().attr(DEADLINE).get();
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    private boolean isForUs(FullHttpRequest request) {
        String uri = request.uri();
        boolean ends =
                uri.length() == path.length() || (uri.length() > path.length() && uri.charAt(path.length()) == '?');
        return request.decoderResult().isSuccess() && ends && uri.startsWith(path);
    }

    /** Asks who that is; it may take a while, and nothing is held meanwhile that would have to be released. */
    private void admit(ChannelHandlerContext ctx, FullHttpRequest request) {
        deciding = true;
        startDeadline(ctx); // which another endpoint may have ended, or an earlier request
        HttpHeaders headers = request.headers();
        FullHttpRequest kept = new DefaultFullHttpRequest(
                request.protocolVersion(),
                request.method(),
                request.uri(),
                Unpooled.EMPTY_BUFFER,
                headers,
                request.trailingHeaders());
        InetSocketAddress remote = ctx.channel().remoteAddress() instanceof InetSocketAddress address ? address : null;
        UpgradeRequest asked = new UpgradeRequest(request.method().name(), request.uri(), headers::getAll, remote);
        fanout.fanout().admit(asked).thenAccept(admission -> inLoop(ctx, () -> decided(ctx, kept, asked, admission)));
    }

    private static void inLoop(ChannelHandlerContext ctx, Runnable action) {
        if (ctx.executor().inEventLoop()) {
            action.run();
        } else {
            ctx.executor().execute(action);
        }
    }

    private void decided(
            ChannelHandlerContext ctx, FullHttpRequest request, UpgradeRequest asked, Admission admission) {
        deciding = false;
        if (!ctx.channel().isActive()) {
            return; // it did not wait
        }
        Entry entry = fanout.fanout().enter(admission);
        if (entry instanceof Place place) {
            try {
                upgrade(ctx, request, fanout.fanout().compression().answerTo(asked), place);
            } catch (RuntimeException e) {
                place.giveBack();
                throw e;
            }
        } else if (entry instanceof Admission.Refused refused) {
            refuse(ctx, request, refused);
        }
    }

    private static void refuse(ChannelHandlerContext ctx, FullHttpRequest request, Admission.Refused refused) {
        ByteBuf body = ByteBufUtil.writeUtf8(UnpooledByteBufAllocator.DEFAULT, refused.reason());
        FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(refused.status()), body);
        refused.headers().forEach((name, value) -> response.headers().set(name, value));
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.TEXT_PLAIN);
        HttpUtil.setContentLength(response, body.readableBytes());
        ChannelFuture sent = ctx.writeAndFlush(response);
        if (!HttpUtil.isKeepAlive(request) || !HttpUtil.isKeepAlive(response)) {
            sent.addListener(ChannelFutureListener.CLOSE);
        }
    }

    private void upgrade(ChannelHandlerContext ctx, FullHttpRequest request, @Nullable String extension, Place place) {
        WebSocketServerHandshaker handshaker = new WebSocketServerHandshakerFactory(
                        request.uri(), null, decoderConfig(extension != null))
                .newHandshaker(request);
        if (handshaker == null) {
            throw new IllegalStateException("Netty does not know version 13 of the protocol");
        }
        String uri = request.uri();
        if (limits().socketBufferLength() > 0) {
            ctx.channel().config().setOption(ChannelOption.SO_SNDBUF, limits().socketBufferLength());
        }
        HttpHeaders answer = new DefaultHttpHeaders();
        if (extension != null) {
            answer.set(HttpHeaderNames.SEC_WEBSOCKET_EXTENSIONS, extension);
        }
        ChannelFuture upgraded = handshaker.handshake(ctx.channel(), request, answer, ctx.newPromise());
        FanoutHandler connection = installHandlers(ctx, extension != null);
        upgraded.addListener(done -> {
            Shard<ByteBuf> shard = done.isSuccess() ? shardOf(ctx.channel()) : null;
            if (shard != null) {
                removeEncoder(ctx.channel().pipeline());
                connection.open(shard, uri, place, handler);
            } else {
                place.giveBack();
                ctx.close();
            }
        });
    }

    /** Null if the fanout was closed meanwhile. */
    private @Nullable Shard<ByteBuf> shardOf(Channel channel) {
        try {
            return fanout.shardOf(channel);
        } catch (IllegalStateException closed) {
            return null;
        }
    }

    /** What is written here are frames already. */
    private static void removeEncoder(ChannelPipeline pipeline) {
        if (pipeline.get(WebSocket13FrameEncoder.class) != null) {
            pipeline.remove(WebSocket13FrameEncoder.class);
        }
    }

    private FanoutHandler installHandlers(ChannelHandlerContext ctx, boolean deflating) {
        fanout.pipelineCheck().look(ctx.pipeline());
        FanoutHandler connection = new FanoutHandler(deflating);
        ChannelPipeline pipeline = ctx.pipeline();
        String own = ctx.name();
        pipeline.addAfter(own, "peal connection", connection);
        int maxLength = limits().inboundMessageLength();
        if (deflating) { // from the connection to the socket, because each goes right behind this
            pipeline.addAfter(own, "peal utf-8", new Utf8FrameValidator(false));
            pipeline.addAfter(own, "peal inflate", new InflateHandler(maxLength));
            pipeline.addAfter(own, "peal messages", new WebSocketFrameAggregator(maxLength));
            pipeline.addAfter(own, "peal rsv", new RsvGuard());
        } else {
            pipeline.addAfter(own, "peal messages", new WebSocketFrameAggregator(maxLength));
            pipeline.addAfter(own, "peal utf-8", new Utf8FrameValidator(false));
        }
        pipeline.toMap().forEach((name, other) -> {
            if (other instanceof UpgradeHandler) { // this one, and those of other paths: nobody will ask them any more
                pipeline.remove(name);
            }
        });
        return connection;
    }

    /** Violations are not answered by the decoder: there is one place that closes, which is {@link FanoutHandler}. */
    private WebSocketDecoderConfig decoderConfig(boolean deflating) {
        return WebSocketDecoderConfig.newBuilder()
                .maxFramePayloadLength(limits().inboundFrameLength())
                .closeOnProtocolViolation(false)
                .allowExtensions(deflating)
                .build();
    }

    private Limits limits() {
        return fanout.fanout().limits();
    }
}
