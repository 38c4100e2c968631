package io.peal.protocol;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.peal.bus.Topic;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.fanout.jetty.JettyFanout;
import io.peal.fanout.netty.NettyFanout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** A server with one event loop, which serves the protocol at one path and raw messages of a topic at another. */
interface TestServer extends AutoCloseable {

    String PROTOCOL = "/connection/websocket";
    String RAW = "/raw";
    String SUBSCRIBED = "subscribed";
    Topic NEWS = Topic.of("news");

    int port();

    @Override
    void close();

    static ConnectionHandler raw() {
        return connection -> {
            connection.subscribe(NEWS, connection.since());
            connection.send(SUBSCRIBED);
        };
    }

    static TestServer netty(Fanout fanout, CentrifugeProtocol protocol) {
        NettyFanout live = NettyFanout.of(fanout);
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        Channel listener = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(8192));
                        live.install(channel.pipeline(), PROTOCOL, protocol);
                        live.install(channel.pipeline(), RAW, raw());
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
        return new TestServer() {
            @Override
            public int port() {
                return ((InetSocketAddress) listener.localAddress()).getPort();
            }

            @Override
            public void close() {
                listener.close().awaitUninterruptibly();
                loops.shutdownGracefully(20, 2_000, TimeUnit.MILLISECONDS).awaitUninterruptibly();
            }
        };
    }

    static TestServer jetty(Fanout fanout, CentrifugeProtocol protocol) {
        JettyFanout live = JettyFanout.of(fanout, 1);
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
        server.addConnector(connector);
        server.insertHandler(live.endpoint(PROTOCOL, protocol));
        server.insertHandler(live.endpoint(RAW, raw()));
        run(server::start);
        return new TestServer() {
            @Override
            public int port() {
                return connector.getLocalPort();
            }

            @Override
            public void close() {
                run(server::stop);
            }
        };
    }

    /** What may throw anything, as Jetty's life cycle does. */
    interface Step {
        @SuppressWarnings("IllegalThrows")
        void run() throws Exception;
    }

    private static void run(Step step) {
        try {
            step.run();
        } catch (Exception e) {
            throw new IllegalStateException("Jetty neither starts nor stops", e);
        }
    }
}
