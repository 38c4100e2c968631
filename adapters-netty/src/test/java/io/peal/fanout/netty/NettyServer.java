package io.peal.fanout.netty;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslContext;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutBed;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A server on one of Netty's transports, with three endpoints, the middle of which is tested, and two event loops. */
final class NettyServer implements FanoutBed.Server {

    private final Channel listener;
    private final MultiThreadIoEventLoopGroup loops;

    private NettyServer(
            Fanout fanout,
            String path,
            ConnectionHandler handler,
            IoHandlerFactory io,
            Class<? extends ServerChannel> channelType,
            @Nullable SslContext tls) {
        NettyFanout live = NettyFanout.of(fanout);
        loops = new MultiThreadIoEventLoopGroup(2, io);
        listener = new ServerBootstrap()
                .group(loops)
                .channel(channelType)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        if (tls != null) {
                            channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                        }
                        channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(8192));
                        live.install(channel.pipeline(), "/before", connection -> {});
                        live.install(channel.pipeline(), path, handler);
                        live.install(channel.pipeline(), "/behind", connection -> {});
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
    }

    static NettyServer onNio(Fanout fanout, String path, ConnectionHandler handler) {
        return new NettyServer(fanout, path, handler, NioIoHandler.newFactory(), NioServerSocketChannel.class, null);
    }

    static NettyServer onEpoll(Fanout fanout, String path, ConnectionHandler handler) {
        return new NettyServer(
                fanout, path, handler, EpollIoHandler.newFactory(), EpollServerSocketChannel.class, null);
    }

    static NettyServer onTls(Fanout fanout, String path, ConnectionHandler handler, SslContext tls) {
        return new NettyServer(fanout, path, handler, NioIoHandler.newFactory(), NioServerSocketChannel.class, tls);
    }

    @Override
    public int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    @Override
    public void close() {
        listener.close().awaitUninterruptibly();
        // Without a quiet period a loop may end before it has closed its channels, and what they hold is never
        // released.
        loops.shutdownGracefully(20, 2_000, TimeUnit.MILLISECONDS).awaitUninterruptibly();
    }
}
