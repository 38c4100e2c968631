package io.peal.fanout.netty;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetector.Level;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutContract;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract on NIO, with every buffer tracked: one that is not released fails the test. */
class NettyFanoutContractTest extends FanoutContract {

    @BeforeAll
    static void trackEveryBuffer() {
        ResourceLeakDetector.setLevel(Level.PARANOID);
        Leaks.watch();
    }

    @AfterAll
    static void nothingLeaked() {
        Leaks.assertNone();
    }

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) {
        return serve(fanout, path, handler, NioIoHandler.newFactory(), NioServerSocketChannel.class);
    }

    static Server serve(
            Fanout fanout,
            String path,
            ConnectionHandler handler,
            IoHandlerFactory io,
            Class<? extends ServerChannel> channelType) {
        NettyFanout live = NettyFanout.of(fanout);
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, io);
        Channel listener = new ServerBootstrap()
                .group(loops)
                .channel(channelType)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(8192));
                        live.install(channel.pipeline(), path, handler);
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
        int port = ((InetSocketAddress) listener.localAddress()).getPort();
        return new Server() {
            @Override
            public int port() {
                return port;
            }

            @Override
            public void close() {
                listener.close().awaitUninterruptibly();
                loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
            }
        };
    }
}
