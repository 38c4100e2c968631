package io.peal.examples.notify;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.handler.codec.http.HttpServerCodec;
import io.peal.fanout.Fanout;
import io.peal.fanout.netty.NettyFanout;
import java.io.IOException;
import java.net.BindException;
import java.net.StandardSocketOptions;
import java.util.concurrent.TimeUnit;

/** The server on Netty. What Peal needs of it are the calls of {@code install}. */
final class NettyServer implements WebServer {

    private final MultiThreadIoEventLoopGroup loops;
    private final Channel listener;

    private NettyServer(MultiThreadIoEventLoopGroup loops, Channel listener) {
        this.loops = loops;
        this.listener = listener;
    }

    static NettyServer start(int port, boolean sharedPort, Fanout fanout, Endpoints endpoints, Api api)
            throws IOException {
        NettyFanout live = NettyFanout.of(fanout);
        ChannelInitializer<SocketChannel> initializer = new ChannelInitializer<>() {
            @Override
            protected void initChannel(SocketChannel channel) {
                ChannelPipeline pipeline = channel.pipeline();
                pipeline.addLast(new HttpServerCodec(), new BodyAggregator(api.maxBodyLength()));
                live.install(pipeline, "/api/v1/listen", endpoints.listen());
                live.install(pipeline, "/api/v1/publish", endpoints.publish());
                live.install(pipeline, "/connection/websocket", endpoints.resume());
                pipeline.addLast(new NettyApiHandler(api));
            }
        };
        return start(port, sharedPort, initializer);
    }

    private static NettyServer start(int port, boolean sharedPort, ChannelInitializer<SocketChannel> initializer)
            throws IOException {
        boolean epoll = Epoll.isAvailable();
        IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        Class<? extends ServerChannel> channelType =
                epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        ChannelOption<Boolean> reusePort =
                epoll ? UnixChannelOption.SO_REUSEPORT : NioChannelOption.of(StandardSocketOptions.SO_REUSEPORT);
        int processors = Runtime.getRuntime().availableProcessors();
        MultiThreadIoEventLoopGroup loops = // the other replicas, and who publishes, have work to do, too
                new MultiThreadIoEventLoopGroup(Math.max(1, processors / 2), io);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops)
                .channel(channelType)
                .option(ChannelOption.SO_BACKLOG, 4096)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(initializer);
        if (sharedPort) {
            bootstrap.option(reusePort, true);
        }
        var bound = bootstrap.bind(port).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw new BindException(
                    "cannot listen on port " + port + ": " + bound.cause().getMessage());
        }
        return new NettyServer(loops, bound.channel());
    }

    @Override
    public void stopListening() {
        listener.close().awaitUninterruptibly();
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
