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
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * WebSocket clients on one event loop, which come back with backoff and jitter when their connection ends. Counters may
 * be read from any thread, the histogram when the clients have stopped.
 */
final class Listeners implements AutoCloseable {

    private static final int FIRST_PAUSE_MS = 50;
    private static final int LONGEST_PAUSE_MS = 2_000;

    private final InetSocketAddress address;
    private final Ledger ledger;
    private final MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final AtomicInteger connected = new AtomicInteger();
    private final AtomicInteger reconnects = new AtomicInteger();
    private final AtomicLong deliveries = new AtomicLong();
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
            connect(client, 0);
        }
    }

    int connected() {
        return connected.get();
    }

    int reconnects() {
        return reconnects.get();
    }

    long deliveries() {
        return deliveries.get();
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

    /** A client's connection has said who serves it. */
    Ledger.Segment opened(int client, int attempt, int replica) {
        connected.incrementAndGet();
        if (attempt > 0) {
            reconnects.incrementAndGet();
        } else {
            synchronized (spread) {
                spread.merge(replica, 1, Integer::sum);
            }
        }
        return ledger.opened(client, System.nanoTime());
    }

    void received(Ledger.Segment segment, String message) {
        long now = System.nanoTime();
        int id = (int) Numbers.field(message, "id");
        long sentNs = Numbers.field(message, "t");
        if (ledger.isKnown(id)) {
            segment.received(id);
            deliveries.incrementAndGet();
            latencyNs.recordValue(Math.max(0, Math.min(now - sentNs, latencyNs.getHighestTrackableValue())));
        }
    }

    /** A client's connection has ended, or could not be made. */
    void ended(int client, int attempt, boolean wasConnected) {
        if (wasConnected) {
            connected.decrementAndGet();
        }
        if (!closing) {
            int failed = wasConnected ? 1 : attempt + 1;
            int ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << Math.min(failed, 10));
            int pause = 1 + ThreadLocalRandom.current().nextInt(ceiling);
            loop.schedule(() -> connect(client, failed), pause, TimeUnit.MILLISECONDS);
        }
    }

    private void connect(int client, int attempt) {
        new Bootstrap()
                .group(loop)
                .channel(NioSocketChannel.class)
                .handler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        ChannelPipeline pipeline = channel.pipeline();
                        pipeline.addLast(new HttpClientCodec(), new HttpObjectAggregator(8192));
                        pipeline.addLast(new WebSocketClientProtocolHandler(handshake()));
                        pipeline.addLast(new ListenerHandler(Listeners.this, client, attempt));
                    }
                })
                .connect(address)
                .addListener(done -> {
                    if (!done.isSuccess()) {
                        ended(client, attempt, false);
                    }
                });
    }

    private WebSocketClientProtocolConfig handshake() {
        return WebSocketClientProtocolConfig.newBuilder()
                .webSocketUri(
                        URI.create("ws://" + address.getHostString() + ":" + address.getPort() + "/api/v1/listen"))
                .handshakeTimeoutMillis(5_000)
                .build();
    }
}
