package io.peal.load.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.fanout.Compression;
import io.peal.fanout.Connection;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.fanout.netty.NettyFanout;
import io.peal.testkit.InMemoryBus;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The command against a server that broadcasts what clients send, and one that leaves out some of it. */
@Timeout(120)
final class RunCommandTest {

    private static final Topic ALL = Topic.of("all");

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final InMemoryBus bus = InMemoryBus.create();
    private final Fanout fanout =
            Fanout.on(bus).compression(Compression.shared()).build();
    private int leftOut; // every so many messages of a connection; 0 for none
    private Channel server;

    @TempDir
    private Path folder = Path.of("");

    @BeforeEach
    void serve() {
        NettyFanout live = NettyFanout.of(fanout);
        server = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        ChannelPipeline pipeline = channel.pipeline();
                        pipeline.addLast(new HttpServerCodec(), new HttpObjectAggregator(8192));
                        live.install(pipeline, "/live", new Broadcast());
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
    }

    @AfterEach
    void stop() {
        server.close().syncUninterruptibly();
        fanout.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        bus.close();
    }

    @Test
    void everyDeliveryIsCountedAndTheFolderIsWritten() throws Exception {
        assertThat(run("--assert", "lost=0,duplicated=0,outoforder=0,success=100%,p99<60s"))
                .isZero();
        JsonNode results =
                new ObjectMapper().readTree(folder.resolve("results.json").toFile());
        long published = results.get("published").asLong();
        assertThat(published).isBetween(30L, 120L);
        assertThat(results.get("delivered").asLong()).isEqualTo(20 * published);
        assertThat(results.get("connects").asLong()).isEqualTo(20);
        assertThat(results.get("minUs").asDouble()).isPositive();
        assertThat(folder.resolve("results.txt")).content().contains("0 lost, 0 duplicated, 0 out of order");
        assertThat(folder.resolve("report.html")).content().contains("<h1>").contains("holds");
        try (HistogramLogReader log =
                new HistogramLogReader(folder.resolve("latency.hlog").toFile())) {
            long count = 0;
            for (var next = log.nextIntervalHistogram(); next != null; next = log.nextIntervalHistogram()) {
                count += ((Histogram) next).getTotalCount();
            }
            assertThat(count).isEqualTo(20 * published);
        }
        if (Files.exists(folder.resolve("latency.png"))) { // else this JVM has no fonts
            assertThat(Files.readAllBytes(folder.resolve("latency.png"))).startsWith(0x89, 'P', 'N', 'G');
        }
        assertThat(new CommandLine(new ReportCommand()).execute(folder.toString(), "--assert", "lost>0"))
                .isOne();
    }

    @Test
    void whatTheServerLeavesOutIsLost() throws Exception {
        leftOut = 10;
        assertThat(run("--assert", "lost=0")).isOne();
        JsonNode results =
                new ObjectMapper().readTree(folder.resolve("results.json").toFile());
        long missing = results.get("published").asLong() / 10;
        assertThat(results.get("lost").asLong()).isEqualTo(20 * missing);
        assertThat(folder.resolve("results.txt")).content().contains("DOES NOT HOLD");
    }

    @Test
    void clientsGetBackWhatTheyHaveSent() throws Exception {
        assertThat(run("--publish", "echo", "--assert", "lost=0,duplicated=0,outoforder=0,success=100%"))
                .isZero();
        JsonNode results =
                new ObjectMapper().readTree(folder.resolve("results.json").toFile());
        assertThat(results.get("published").asLong()).isBetween(30L, 120L);
        assertThat(results.get("delivered").asLong())
                .isEqualTo(results.get("published").asLong());
    }

    @Test
    void echoThatIsLeftOutIsLost() throws Exception {
        leftOut = 2; // of each client
        assertThat(run("--publish", "echo", "--assert", "lost=0")).isOne();
        JsonNode results =
                new ObjectMapper().readTree(folder.resolve("results.json").toFile());
        long published = results.get("published").asLong();
        assertThat(results.get("lost").asLong()).isBetween(published / 4, published / 2);
        assertThat(results.get("delivered").asLong())
                .isEqualTo(published - results.get("lost").asLong());
    }

    @Test
    void clientsComeBackAfterAStorm() throws Exception {
        assertThat(run("--scenario", "STORM", "--duration", "3s", "--assert", "duplicated=0,outoforder=0"))
                .isZero();
        JsonNode results =
                new ObjectMapper().readTree(folder.resolve("results.json").toFile());
        assertThat(results.get("connects").asLong()).isEqualTo(60);
    }

    @Test
    void compressionIsCounted() throws Exception {
        assertThat(run("--deflate", "--size", "1000", "--assert", "lost=0,duplicated=0,outoforder=0,success=100%"))
                .isZero();
        assertThat(folder.resolve("results.txt")).content().contains("20 of them agreed on permessage-deflate");
        assertThat(run()).isZero();
        assertThat(folder.resolve("results.txt")).content().doesNotContain("permessage-deflate");
    }

    @Test
    void clientsThatComeWhileMessagesFlowMissNothing() throws Exception {
        assertThat(run("--scenario", "RAMP", "--assert", "lost=0,duplicated=0,outoforder=0,success=100%"))
                .isZero();
        JsonNode results =
                new ObjectMapper().readTree(folder.resolve("results.json").toFile());
        assertThat(results.get("connects").asLong()).isEqualTo(20);
        assertThat(results.get("delivered").asLong())
                .isLessThan(20 * results.get("published").asLong());
    }

    @Test
    void stressEndsAtAMultipleOfTheRate() throws Exception {
        assertThat(run("--scenario", "STRESS", "--rate", "10", "--assert", "lost=0,duplicated=0,outoforder=0"))
                .isZero();
        JsonNode results =
                new ObjectMapper().readTree(folder.resolve("results.json").toFile());
        assertThat(results.get("published").asLong()).isGreaterThan(45); // 93 at its rates, 15 at the first one
    }

    @Test
    void nonsenseIsRefused() {
        assertThat(new CommandLine(new RunCommand()).execute("http://localhost/"))
                .isEqualTo(2);
        assertThat(run("--assert", "speed>1")).isEqualTo(2);
        assertThat(run("--duration", "soon")).isEqualTo(2);
    }

    private int run(String... more) {
        InetSocketAddress address = (InetSocketAddress) server.localAddress();
        String[] common = {
            "ws://127.0.0.1:" + address.getPort() + "/live",
            "--clients",
            "20",
            "--batch",
            "10",
            "--interval",
            "50ms",
            "--rate",
            "40",
            "--publishers",
            "2",
            "--duration",
            "1500ms",
            "--out",
            folder.toString()
        };
        String[] all = Stream.concat(Arrays.stream(common), Arrays.stream(more)).toArray(String[]::new);
        CommandLine command = new CommandLine(new RunCommand());
        command.setOverwrittenOptionsAllowed(true);
        return command.execute(all);
    }

    /** Publishes what a client sends, to all. */
    private final class Broadcast implements ConnectionHandler {

        private int count;

        @Override
        public void onOpen(Connection connection) {
            connection.subscribe(ALL);
        }

        @Override
        public void onMessage(Connection connection, PayloadKind kind, ByteBuffer payload) {
            if (leftOut == 0 || ++count % leftOut != 0) {
                bus.publisher().publish(ALL, payload, kind);
            }
        }
    }
}
