package io.peal.load;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
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
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.bus.file.FileBus;
import io.peal.fanout.Fanout;
import io.peal.fanout.netty.NettyFanout;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/**
 * A server that broadcasts numbered messages: Peal, or what one writes with Netty alone, as the baseline beside it. It obeys
 * lines from its standard input: {@code await N} connections; {@code flat W S}: for S seconds, at most W messages that not
 * everybody has; {@code paced R S}: R messages a second; {@code a}: everybody has one more.
 */
final class FanoutServerMain {

    /** What serves. */
    enum Kind {
        /** A file bus, and the fanout on Netty. */
        PEAL,
        /** A channel group, to which each message is written as a frame. */
        NETTY
    }

    static final String PATH = "/live";
    static final int MIN_LENGTH = 2 * Long.BYTES; // number and time
    private static final Topic TOPIC = Topic.of("broadcast");

    private final Semaphore window = new Semaphore(0);
    private final int length;
    private final Channel listener;
    private final IntSupplier connections;
    private final Consumer<ByteBuffer> broadcast;
    private long sequence;

    private FanoutServerMain(Kind kind, Path directory, int length) {
        this.length = length;
        if (kind == Kind.PEAL) {
            FileBus bus = FileBus.open(directory);
            Fanout fanout = Fanout.on(bus).build();
            NettyFanout live = NettyFanout.of(fanout);
            this.listener = listen(pipeline -> live.install(pipeline, PATH, connection -> connection.subscribe(TOPIC)));
            this.connections = fanout::connections;
            this.broadcast = payload -> bus.publisher().publish(TOPIC, payload, PayloadKind.BINARY);
        } else {
            ChannelGroup all = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
            this.listener =
                    listen(pipeline -> pipeline.addLast(new WebSocketServerProtocolHandler(PATH), new Joining(all)));
            this.connections = all::size;
            this.broadcast = payload -> {
                ByteBuf copy = Unpooled.directBuffer(payload.remaining()).writeBytes(payload);
                all.writeAndFlush(new BinaryWebSocketFrame(copy));
            };
        }
    }

    /** Arguments: the kind, a directory for the bus, the length of a message. */
    public static void main(String... args) throws IOException {
        Kind kind = Kind.valueOf(args[0]);
        FanoutServerMain server = new FanoutServerMain(kind, Path.of(args[1]), Integer.parseInt(args[2]));
        System.out.println("listening " + ((InetSocketAddress) server.listener.localAddress()).getPort());
        server.obey(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)));
        System.exit(0);
    }

    private void obey(BufferedReader commands) throws IOException {
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split(" ", -1);
            switch (words[0]) {
                case "a" -> window.release();
                case "await" -> await(Integer.parseInt(words[1]));
                case "flat" -> start(() -> flat(Integer.parseInt(words[1]), Integer.parseInt(words[2])));
                case "paced" -> start(() -> paced(Integer.parseInt(words[1]), Integer.parseInt(words[2])));
                default -> throw new IOException("not understood: " + line);
            }
        }
    }

    private static void start(Runnable phase) {
        Thread thread = new Thread(phase, "publisher");
        thread.setDaemon(true);
        thread.start();
    }

    private void await(int count) {
        while (connections.getAsInt() < count) {
            LockSupport.parkNanos(1_000_000);
        }
        System.out.println("ready");
    }

    private void flat(int inFlight, int seconds) {
        window.drainPermits();
        window.release(inFlight);
        long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        try {
            while (window.tryAcquire(endNs - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                publish(System.nanoTime());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        System.out.println("sent " + sequence);
    }

    private void paced(int perSecond, int seconds) {
        long beginNs = System.nanoTime();
        for (long i = 0; i < (long) perSecond * seconds; i++) {
            long dueNs = beginNs + TimeUnit.SECONDS.toNanos(i) / perSecond;
            for (long left = dueNs - System.nanoTime(); left > 0; left = dueNs - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            publish(dueNs); // and not the time it really is: a sender that is late makes the message late
        }
        System.out.println("sent " + sequence);
    }

    private void publish(long timeNs) {
        ByteBuffer payload = ByteBuffer.allocate(length);
        payload.putLong(0, ++sequence).putLong(Long.BYTES, timeNs);
        broadcast.accept(payload);
    }

    private static Channel listen(Consumer<ChannelPipeline> install) {
        boolean epoll = Epoll.isAvailable();
        IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        Class<? extends ServerChannel> type = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        return new ServerBootstrap()
                .group(new MultiThreadIoEventLoopGroup(Runtime.getRuntime().availableProcessors(), io))
                .channel(type)
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

    /** Joins the group when the handshake is done. */
    private static final class Joining extends SimpleChannelInboundHandler<WebSocketFrame> {

        private final ChannelGroup all;

        Joining(ChannelGroup all) {
            this.all = all;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof WebSocketServerProtocolHandler.HandshakeComplete) {
                all.add(ctx.channel());
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
            // clients have nothing to say here
        }
    }
}
