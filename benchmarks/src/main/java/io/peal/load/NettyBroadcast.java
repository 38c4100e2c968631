package io.peal.load;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.bus.file.FileBus;
import io.peal.fanout.Fanout;
import io.peal.fanout.netty.NettyFanout;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/** Servers on Netty: Peal, and what one writes without it. */
final class NettyBroadcast implements BroadcastServer {

    /** What reads and writes the sockets. */
    enum Transport {
        /** Netty's own binding to Linux. */
        EPOLL,
        /** The same with the kernel's newer interface. */
        IO_URING,
        /** The JDK's. */
        NIO;

        static Transport best() {
            return Epoll.isAvailable() ? EPOLL : NIO;
        }

        IoHandlerFactory handler() {
            return switch (this) {
                case EPOLL -> EpollIoHandler.newFactory();
                case IO_URING -> IoUringIoHandler.newFactory();
                case NIO -> NioIoHandler.newFactory();
            };
        }

        Class<? extends ServerChannel> listener() {
            return switch (this) {
                case EPOLL -> EpollServerSocketChannel.class;
                case IO_URING -> IoUringServerSocketChannel.class;
                case NIO -> NioServerSocketChannel.class;
            };
        }
    }

    private static final Topic TOPIC = Topic.of("broadcast");

    private final Channel listener;
    private final IntSupplier connections;
    private final Consumer<ByteBuffer> broadcast;
    private final Runnable closeSource;

    /** @param closeSource ends where its messages come from */
    private NettyBroadcast(
            Channel listener, IntSupplier connections, Consumer<ByteBuffer> broadcast, Runnable closeSource) {
        this.listener = listener;
        this.connections = connections;
        this.broadcast = broadcast;
        this.closeSource = closeSource;
    }

    static NettyBroadcast withPeal(Path directory, Transport transport) {
        FileBus bus = FileBus.open(directory);
        Fanout fanout = Fanout.on(bus).limits(BroadcastServer.LIMITS).build();
        NettyFanout live = NettyFanout.of(fanout);
        Channel listener = listen(transport, pipeline -> live.install(pipeline, PATH, new OnBus(bus, TOPIC)));
        return new NettyBroadcast(
                listener,
                fanout::connections,
                payload -> bus.publisher().publish(TOPIC, payload, PayloadKind.BINARY),
                () -> {
                    fanout.close();
                    bus.close();
                });
    }

    static NettyBroadcast withoutPeal() {
        ChannelGroup all = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        Channel listener = listen(
                Transport.best(),
                pipeline -> pipeline.addLast(
                        new WebSocketServerProtocolHandler(PATH),
                        new Joining(all, frame -> all.writeAndFlush(frame.retain()))));
        Consumer<ByteBuffer> broadcast = payload -> {
            ByteBuf copy = Unpooled.directBuffer(payload.remaining()).writeBytes(payload);
            all.writeAndFlush(new BinaryWebSocketFrame(copy));
        };
        return new NettyBroadcast(listener, all::size, broadcast, () -> {});
    }

    /** The same for several processes: each publishes to Redis, and sends to its clients what comes from there. */
    static NettyBroadcast overRedis(Path directory) throws IOException {
        ChannelGroup all = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        RedisBroadcast redis = new RedisBroadcast(
                directory, message -> all.writeAndFlush(new TextWebSocketFrame(Unpooled.wrappedBuffer(message))));
        Channel listener = listen(
                Transport.best(),
                pipeline -> pipeline.addLast(
                        new WebSocketServerProtocolHandler(PATH),
                        new Joining(all, frame -> redis.publish(bytes(frame)))));
        return new NettyBroadcast(
                listener, all::size, payload -> redis.publish(bytes(payload)), () -> {}); // its process ends it
    }

    private static byte[] bytes(WebSocketFrame frame) {
        return ByteBufUtil.getBytes(frame.content());
    }

    private static byte[] bytes(ByteBuffer payload) {
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        return bytes;
    }

    @Override
    public int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    @Override
    public int connections() {
        return connections.getAsInt();
    }

    @Override
    public void broadcast(ByteBuffer payload) {
        broadcast.accept(payload);
    }

    @Override
    public void close() {
        closeSource.run();
        listener.close().syncUninterruptibly();
        listener.eventLoop().parent().shutdownGracefully();
    }

    private static Channel listen(Transport transport, Consumer<ChannelPipeline> install) {
        return new ServerBootstrap()
                .group(new MultiThreadIoEventLoopGroup(Runtime.getRuntime().availableProcessors(), transport.handler()))
                .channel(transport.listener())
                .option(ChannelOption.SO_BACKLOG, 4_096)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(8_192));
                        install.accept(channel.pipeline());
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
    }

    /** Joins the group when the handshake is done, and passes on what the client says. */
    private static final class Joining extends SimpleChannelInboundHandler<WebSocketFrame> {

        private final ChannelGroup all;
        private final Consumer<WebSocketFrame> onMessage;

        Joining(ChannelGroup all, Consumer<WebSocketFrame> onMessage) {
            this.all = all;
            this.onMessage = onMessage;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof WebSocketServerProtocolHandler.HandshakeComplete) {
                all.add(ctx.channel());
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
            onMessage.accept(frame);
        }
    }
}
