package io.peal.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.Histogram;

/**
 * WebSocket clients on one event loop, which come back with backoff and jitter when their connection ends, and go on where
 * they were. Counters may be read from any thread, the histogram when the clients have stopped.
 */
final class Listeners implements AutoCloseable {

    private static final int FIRST_PAUSE_MS = 50;
    private static final int LONGEST_PAUSE_MS = 2_000;
    private static final int MAX_FAILURES = 10;

    /** What a client keeps when its connection ends. Belongs to the event loop. */
    static final class Client {

        final int number;
        String epoch = ""; // empty before the first subscription
        long offset;
        int replica;
        private int attempts; // that have failed since it was connected

        private Client(int number) {
            this.number = number;
        }
    }

    private final InetSocketAddress address;
    private final Ledger ledger;
    private final MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final AtomicInteger connected = new AtomicInteger();
    private final AtomicInteger reconnects = new AtomicInteger();
    private final List<String> failures = new ArrayList<>(); // guarded by itself
    private final Histogram latencyNs = new Histogram(TimeUnit.MINUTES.toNanos(1), 3);
    private final Map<Integer, Integer> spread =
            new TreeMap<>(); // of first connections over replicas; guarded by itself
    private volatile boolean closing;

    Listeners(InetSocketAddress address, Ledger ledger) {
        this.address = address;
        this.ledger = ledger;
    }

    void connect(int clients) {
        for (int client = 0; client < clients; client++) {
            connect(new Client(client));
        }
    }

    int connected() {
        return connected.get();
    }

    int reconnects() {
        return reconnects.get();
    }

    /** What clients were refused, in words, the first few. */
    List<String> failures() {
        synchronized (failures) {
            return List.copyOf(failures);
        }
    }

    Histogram latencyNs() {
        return latencyNs;
    }

    /** How many clients each replica served at first. */
    Map<Integer, Integer> spread() {
        synchronized (spread) {
            return new TreeMap<>(spread);
        }
    }

    @Override
    public void close() {
        closing = true;
        loop.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    /** A client follows the log, for the first time or again. */
    void subscribed(Client client, boolean again) {
        client.attempts = 0;
        connected.incrementAndGet();
        if (again) {
            reconnects.incrementAndGet();
        } else {
            ledger.subscribed(client.number, client.offset);
            synchronized (spread) {
                spread.merge(client.replica, 1, Integer::sum);
            }
        }
    }

    void received(Client client, String push) {
        long now = System.nanoTime();
        int message = (int) Numbers.field(push, "id");
        if (ledger.received(client.number, message, client.offset)) {
            long latency = now - Numbers.field(push, "t");
            latencyNs.recordValue(Math.max(0, Math.min(latency, latencyNs.getHighestTrackableValue())));
        }
    }

    void failed(String why) {
        synchronized (failures) {
            if (failures.size() < MAX_FAILURES) {
                failures.add(why);
            }
        }
    }

    /** A client's connection has ended, or could not be made. */
    void ended(Client client, boolean wasSubscribed) {
        if (wasSubscribed) {
            connected.decrementAndGet();
        }
        if (!closing) {
            int ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << Math.min(++client.attempts, 10));
            int pause = 1 + ThreadLocalRandom.current().nextInt(ceiling);
            loop.schedule(() -> connect(client), pause, TimeUnit.MILLISECONDS);
        }
    }

    private void connect(Client client) {
        new Bootstrap()
                .group(loop)
                .channel(NioSocketChannel.class)
                .handler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        ChannelPipeline pipeline = channel.pipeline();
                        pipeline.addLast(new HttpClientCodec(), new HttpObjectAggregator(8192));
                        pipeline.addLast(new WebSocketClientProtocolHandler(handshake()));
                        pipeline.addLast(new ListenerHandler(Listeners.this, client));
                    }
                })
                .connect(address)
                .addListener(done -> {
                    if (!done.isSuccess()) {
                        ended(client, false);
                    }
                });
    }

    private WebSocketClientProtocolConfig handshake() {
        return WebSocketClientProtocolConfig.newBuilder()
                .webSocketUri(URI.create(
                        "ws://" + address.getHostString() + ":" + address.getPort() + "/connection/websocket"))
                .handshakeTimeoutMillis(5_000)
                .build();
    }
}
