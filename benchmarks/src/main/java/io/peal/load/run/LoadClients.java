package io.peal.load.run;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketClientExtensionHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.PerMessageDeflateClientExtensionHandshaker;
import io.netty.handler.codec.http.websocketx.extensions.compression.PerMessageDeflateServerExtensionHandshaker;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/**
 * The clients of a run, on a few event loops. They are connected as many as are wanted; one whose connection ends although it
 * should not comes back after a second. Counters may be read from any thread.
 */
final class LoadClients implements AutoCloseable {

    /** Less than the ports that one address has for one server. */
    private static final int CLIENTS_PER_ADDRESS = 25_000;

    private static final int HANDSHAKE_LIMIT_MS = 10_000;
    private static final int MAX_RESPONSE_LENGTH = 8_192;
    private static final int DEFLATE_LEVEL = 6;
    private static final int CLOSE_LIMIT_MS = 5_000;
    private static final int MAX_FRAME_LENGTH = 16 << 20;
    private static final int SLOW_BUFFER_LENGTH = 4_096;
    private static final long COME_BACK_MS = 1_000;

    private final Target target;
    private final Published published;
    private final double slowPart;
    private final List<InetAddress> sources;
    private final boolean epoll = Epoll.isAvailable();
    private final MultiThreadIoEventLoopGroup loops;
    private final List<LoadClient> clients =
            Collections.synchronizedList(new ArrayList<>()); // changed by one thread alone
    private final AtomicInteger connected = new AtomicInteger();
    private final AtomicInteger pending = new AtomicInteger();
    private final AtomicLong connects = new AtomicLong();
    private final AtomicLong deflating = new AtomicLong();
    private final Map<String, LongAdder> refusals = new ConcurrentSkipListMap<>();
    private final LongAdder deliveries = new LongAdder();
    private final Recorder latencyUs = new Recorder(TimeUnit.MINUTES.toMicros(10), 3);
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final AtomicInteger turn = new AtomicInteger(); // of who sends a message of its own
    private volatile boolean closing;

    /** @param slowPart of the clients, from 0 to 1, that read little and are not judged */
    LoadClients(Target target, Published published, int threads, int mostClients, double slowPart)
            throws UnknownHostException {
        this.target = target;
        this.published = published;
        this.slowPart = slowPart;
        this.loops = new MultiThreadIoEventLoopGroup(
                threads, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        this.sources = sources(target.address().getAddress(), mostClients);
    }

    /** On the loopback, there are more addresses to come from, so that ports do not run out. */
    private static List<InetAddress> sources(InetAddress server, int clients) throws UnknownHostException {
        List<InetAddress> sources = new ArrayList<>();
        int wanted = (clients + CLIENTS_PER_ADDRESS - 1) / CLIENTS_PER_ADDRESS;
        for (int i = 0; i < wanted && wanted > 1 && server.isLoopbackAddress(); i++) {
            sources.add(InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) (i + 1)}));
        }
        return sources;
    }

    /** Adds clients until there are so many, at most {@code most} now. */
    void connectUpTo(int wanted, int most) {
        for (int i = 0; i < most && clients.size() < wanted; i++) {
            int number = clients.size();
            boolean slow = (number + 1) * slowPart >= Math.floor(number * slowPart) + 1;
            LoadClient client = new LoadClient(this, number, slow);
            clients.add(client);
            connect(client);
        }
    }

    /** Lets the next client that is connected send a message of its own. Thread-safe. */
    void sendOfNext(long dueNs, int length) {
        for (int i = 0; i < clients.size(); i++) {
            LoadClient client = clients.get(Math.floorMod(turn.getAndIncrement(), clients.size()));
            if (client.isConnected()) {
                client.sendOfItsOwn(dueNs, length);
                return;
            }
        }
    }

    /** Cuts all connections; they are made again at once. */
    void storm() {
        for (LoadClient client : clients) {
            client.cutOff();
        }
    }

    int wanted() {
        return clients.size();
    }

    /** How many can receive messages now. */
    int connected() {
        return connected.get();
    }

    /** How many connections are being made. */
    int pending() {
        return pending.get();
    }

    long connects() {
        return connects.get();
    }

    /** How many of the connections that were made agreed on permessage-deflate. */
    long deflating() {
        return deflating.get();
    }

    Map<String, Long> refusals() {
        Map<String, Long> counts = new TreeMap<>();
        refusals.forEach((reason, count) -> counts.put(reason, count.sum()));
        return counts;
    }

    long deliveries() {
        return deliveries.sum();
    }

    /** Latencies since the last call. */
    Histogram takeLatencyUs() {
        return latencyUs.getIntervalHistogram();
    }

    /** Ends the judging: what is not there now is lost. Each client is asked on its event loop. */
    Verdicts judge() {
        Verdicts all = new Verdicts();
        for (LoadClient client : clients) {
            EventLoop loop = client.loop();
            if (loop != null) {
                loop.submit(() -> client.judge(all)).syncUninterruptibly();
            }
        }
        return all;
    }

    @Override
    public void close() {
        closing = true;
        channels.close().awaitUninterruptibly(CLOSE_LIMIT_MS);
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    Target target() {
        return target;
    }

    Published published() {
        return published;
    }

    /** A connection is compressed. */
    void agreedToDeflate() {
        deflating.incrementAndGet();
    }

    void subscribed() {
        connected.incrementAndGet();
        connects.incrementAndGet();
        pending.decrementAndGet();
    }

    void delivered(long dueNs) {
        deliveries.increment();
        long us = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - dueNs);
        latencyUs.recordValue(Math.max(0, Math.min(us, TimeUnit.MINUTES.toMicros(10))));
    }

    /** A connection has ended that was to last. */
    void ended(LoadClient client, boolean wasSubscribed, String reason) {
        if (wasSubscribed) {
            connected.decrementAndGet();
        } else {
            pending.decrementAndGet();
        }
        if (!closing) {
            refusals.computeIfAbsent(reason, key -> new LongAdder()).increment();
            loops.schedule(() -> connect(client), COME_BACK_MS, TimeUnit.MILLISECONDS);
        }
    }

    /** A connection has ended because the run cut it. */
    void cut(LoadClient client) {
        connected.decrementAndGet();
        connect(client);
    }

    private void connect(LoadClient client) {
        if (closing) {
            return;
        }
        pending.incrementAndGet();
        Bootstrap bootstrap = new Bootstrap()
                .group(loops)
                .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, HANDSHAKE_LIMIT_MS)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channels.add(channel);
                        addHandlers(channel.pipeline(), client);
                    }
                });
        if (client.isSlow()) {
            bootstrap.option(ChannelOption.SO_RCVBUF, SLOW_BUFFER_LENGTH);
        }
        if (!sources.isEmpty()) {
            InetAddress source = sources.get(client.number() % sources.size());
            bootstrap.localAddress(new InetSocketAddress(source, 0));
        }
        bootstrap.connect(target.address()).addListener(done -> {
            if (!done.isSuccess()) {
                ended(client, false, LoadClient.reason(done.cause()));
            }
        });
    }

    private void addHandlers(ChannelPipeline pipeline, LoadClient client) {
        pipeline.addLast(new HttpClientCodec(), new HttpObjectAggregator(MAX_RESPONSE_LENGTH));
        if (target.deflate()) {
            // unlike Netty's defaults, any window will do, and a server that wants none to be kept
            pipeline.addLast(new WebSocketClientExtensionHandler(new PerMessageDeflateClientExtensionHandshaker(
                    DEFLATE_LEVEL,
                    true,
                    PerMessageDeflateServerExtensionHandshaker.MAX_WINDOW_SIZE,
                    true,
                    false,
                    MAX_FRAME_LENGTH)));
        }
        pipeline.addLast(new WebSocketClientProtocolHandler(WebSocketClientProtocolConfig.newBuilder()
                .webSocketUri(target.uri())
                .allowExtensions(target.deflate())
                .handshakeTimeoutMillis(HANDSHAKE_LIMIT_MS)
                .maxFramePayloadLength(MAX_FRAME_LENGTH)
                .build()));
        pipeline.addLast(client.newConnection());
    }

    /** Of all clients together. */
    static final class Verdicts {

        private long received;
        private long missing;
        private long duplicated;
        private long outOfOrder;

        synchronized void add(Tally tally) {
            received += tally.received();
            missing += tally.missing();
            duplicated += tally.duplicated();
            outOfOrder += tally.outOfOrder();
        }

        synchronized long received() {
            return received;
        }

        synchronized long missing() {
            return missing;
        }

        synchronized long duplicated() {
            return duplicated;
        }

        synchronized long outOfOrder() {
            return outOfOrder;
        }
    }
}
