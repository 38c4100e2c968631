package io.peal.benchmarks;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.DefaultChannelId;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.peal.bus.Bus;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.bus.file.FileBus;
import io.peal.fanout.Compression;
import io.peal.fanout.Fanout;
import io.peal.fanout.Shard;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.Deflater;
import org.eclipse.jetty.websocket.core.WebSocketComponents;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One message to all connections of one event loop, up to where the socket would come: the connections are embedded. Peal encodes (and
 * compresses) once for all, the baselines once for each connection, as servers do that write a frame to a group of channels, or
 * that negotiated a compressor with each client. With {@code -prof gc} it shows the garbage of a message.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
@State(Scope.Thread)
public class ShardBenchmark {

    private static final Topic TOPIC = Topic.of("news");
    private static final int PAYLOAD_LENGTH = 512;

    /** How many connections there are. */
    @Param({"100", "1000", "10000"})
    public int connections;

    private final EmbeddedLoop loop = new EmbeddedLoop();
    private final List<EmbeddedOutlet> outlets = new ArrayList<>();
    private final ChannelGroup group = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final WebSocketComponents components = new WebSocketComponents();
    private final List<EmbeddedJettySession> sessions = new ArrayList<>();
    private final List<Deflater> deflaters = new ArrayList<>();
    private final byte[] deflated = new byte[2 * PAYLOAD_LENGTH];
    private final ByteBuffer payload = ByteBuffer.allocateDirect(PAYLOAD_LENGTH);
    private ScratchDirectory directory;
    private Bus bus;
    private Fanout plain;
    private Fanout compressing;
    private Shard<ByteBuffer> shard;
    private Shard<ByteBuffer> compressingShard;
    private long sent;

    /** Connections of all kinds. */
    @Setup(Level.Trial)
    public void open() {
        directory = new ScratchDirectory("peal-benchmark-");
        bus = FileBus.open(directory.path());
        plain = Fanout.on(bus).build();
        compressing = Fanout.on(bus).compression(Compression.shared()).build();
        shard = plain.newShard(loop, new EmbeddedMemory());
        compressingShard = compressing.newShard(loop, new EmbeddedMemory());
        Random random = new Random(1);
        while (payload.hasRemaining()) {
            payload.put((byte) ('a' + random.nextInt(12))); // shrinks to a half
        }
        payload.flip();
    }

    /** Leaves nothing behind. */
    @TearDown(Level.Trial)
    public void close() {
        group.forEach(Channel::close);
        deflaters.forEach(Deflater::end);
        plain.close();
        compressing.close();
        loop.runAll();
        bus.close();
        directory.close();
    }

    /** Peal: read from the bus, encoded once, handed to each connection. */
    @Benchmark
    public long encodedOnce() {
        return publishTo(plain, shard, false);
    }

    /** The same, compressed once. */
    @Benchmark
    public long deflatedOnce() {
        return publishTo(compressing, compressingShard, true);
    }

    /** Netty: a frame written to a group of channels, each of which encodes it. */
    @Benchmark
    public long encodedForEachConnection() {
        if (group.isEmpty()) {
            for (int i = 0; i < connections; i++) {
                group.add(new EmbeddedChannel(DefaultChannelId.newInstance(), new WebSocket13FrameEncoder(false)));
            }
        }
        group.writeAndFlush(
                new BinaryWebSocketFrame(Unpooled.directBuffer(PAYLOAD_LENGTH).writeBytes(payload.duplicate())));
        for (Channel channel : group) {
            EmbeddedChannel embedded = (EmbeddedChannel) channel;
            for (Object part = embedded.readOutbound(); part != null; part = embedded.readOutbound()) {
                ReferenceCountUtil.release(part);
                sent++;
            }
        }
        return sent;
    }

    /** Jetty: a frame sent through each session. */
    @Benchmark
    public long sentByEachJettySession() {
        while (sessions.size() < connections) {
            sessions.add(new EmbeddedJettySession(components));
        }
        for (EmbeddedJettySession session : sessions) {
            sent += session.send(payload.duplicate());
        }
        return sent;
    }

    /** A compressor of its own for each connection, which remembers what it has sent: only the compressing. */
    @Benchmark
    public long deflatedForEachConnection() {
        while (deflaters.size() < connections) {
            deflaters.add(new Deflater(Compression.shared().level(), true));
        }
        for (Deflater deflater : deflaters) {
            deflater.setInput(payload.duplicate());
            sent += deflater.deflate(deflated, 0, deflated.length, Deflater.SYNC_FLUSH);
        }
        return sent;
    }

    private long publishTo(Fanout of, Shard<ByteBuffer> to, boolean compressed) {
        if (outlets.isEmpty()) {
            for (int i = 0; i < connections; i++) {
                EmbeddedOutlet outlet = new EmbeddedOutlet(compressed);
                outlets.add(outlet);
                to.open(outlet, "/", of.placeOfAdmitted(), connection -> connection.subscribe(TOPIC));
            }
            loop.runAll();
        }
        bus.publisher().publish(TOPIC, payload, PayloadKind.BINARY);
        long before = sent(outlets);
        do {
            loop.awaitTask();
        } while (sent(outlets) == before);
        return sent;
    }

    /** Of the last one, which is the last to be written to. */
    private static long sent(List<EmbeddedOutlet> outlets) {
        return outlets.get(outlets.size() - 1).sent();
    }
}
