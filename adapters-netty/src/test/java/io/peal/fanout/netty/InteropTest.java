package io.peal.fanout.netty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.fanout.Compression;
import io.peal.fanout.Connection;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.InMemoryBus;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.java_websocket.client.WebSocketClient;
import org.java_websocket.drafts.Draft_6455;
import org.java_websocket.extensions.permessage_deflate.PerMessageDeflateExtension;
import org.java_websocket.handshake.ServerHandshake;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Clients that others wrote, side by side on one server: the JDK's, and Java-WebSocket with compression; also behind TLS. */
@Timeout(60)
@ExtendWith(Leaks.class)
class InteropTest {

    private static final Topic NEWS = Topic.of("news");
    private static final String PATH = "/live";
    private static final String LONG = "said again and again, ".repeat(50);
    private static final int MESSAGES = 300;
    private static final char[] PASSWORD = "only for this test".toCharArray();

    @TempDir
    private Path directory = Path.of("");

    private final InMemoryBus bus = InMemoryBus.create();
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final Fanout fanout =
            Fanout.on(bus).compression(Compression.shared()).build();
    private final List<AutoCloseable> clients = new ArrayList<>();

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable client : clients) {
            client.close();
        }
        fanout.close();
        loops.shutdownGracefully(20, 2_000, TimeUnit.MILLISECONDS).awaitUninterruptibly();
        bus.close();
    }

    @Test
    void clientsOfSeveralLibrariesGetTheSame() throws Exception {
        int port = serve(null);
        Jdk jdk = new Jdk(HttpClient.newHttpClient(), URI.create("ws://localhost:" + port + PATH));
        JavaWebSocket plain = new JavaWebSocket(port, new Draft_6455());
        JavaWebSocket deflating = new JavaWebSocket(port, new Draft_6455(new PerMessageDeflateExtension()));
        await(3);
        for (int i = 0; i < MESSAGES; i++) {
            bus.publisher().publish(NEWS, i + (i % 2 == 0 ? "" : LONG));
        }
        List<String> expected = texts(jdk.received, MESSAGES);
        assertThat(expected).hasSize(MESSAGES).startsWith("0", "1" + LONG);
        assertThat(texts(plain.received, MESSAGES)).isEqualTo(expected);
        assertThat(texts(deflating.received, MESSAGES)).isEqualTo(expected);
        assertThat(deflating.extensions).contains("permessage-deflate");

        jdk.socket
                .sendText("said ", false)
                .thenCompose(socket -> socket.sendText("in pieces", true))
                .join();
        assertThat(texts(jdk.received, 1)).containsExactly("you said in pieces");
        deflating.send(LONG);
        assertThat(texts(deflating.received, 1)).containsExactly("you " + LONG);
        plain.send("Jürgen");
        assertThat(texts(plain.received, 1)).containsExactly("you Jürgen");
    }

    @Test
    void clientsBehindTlsGetEveryByteAsItWas() throws Exception {
        KeyStore keys = selfSigned();
        int port = serve(keys);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(keys);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        HttpClient http = HttpClient.newBuilder().sslContext(tls).build();
        List<Jdk> all = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            all.add(new Jdk(http, URI.create("wss://localhost:" + port + PATH)));
        }
        await(5);
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < MESSAGES; i++) {
            expected.add(i + LONG);
            bus.publisher().publish(NEWS, i + LONG);
        }
        for (Jdk client : all) {
            assertThat(texts(client.received, MESSAGES)).isEqualTo(expected);
        }
    }

    private int serve(@Nullable KeyStore keys) throws Exception {
        NettyFanout live = NettyFanout.of(fanout);
        SslContext tls = keys == null ? null : tls(keys);
        Channel listener = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        if (tls != null) {
                            channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                        }
                        channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(8_192));
                        live.install(channel.pipeline(), PATH, new Answering());
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    private void await(int connections) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (fanout.connections() < connections) {
            assertThat(System.nanoTime()).as("all have connected").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static List<String> texts(BlockingQueue<String> received, int count) throws InterruptedException {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String text = received.poll(10, TimeUnit.SECONDS);
            assertThat(text).as("message " + i).isNotNull();
            texts.add(text);
        }
        return texts;
    }

    private static SslContext tls(KeyStore keys) throws Exception {
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, PASSWORD);
        return SslContextBuilder.forServer(own).build();
    }

    /** A key of its own for each run, made by the JDK's tool. */
    private KeyStore selfSigned() throws Exception {
        Path file = directory.resolve("keys.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "server",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=dns:localhost",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        new String(PASSWORD))
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), UTF_8);
        assertThat(keytool.waitFor()).as(said).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream input = Files.newInputStream(file)) {
            keys.load(input, PASSWORD);
        }
        return keys;
    }

    /** Subscribes everybody, and answers what it is told. */
    private static final class Answering implements ConnectionHandler {

        @Override
        public void onOpen(Connection connection) {
            connection.subscribe(NEWS);
        }

        @Override
        public void onMessage(Connection connection, PayloadKind kind, ByteBuffer payload) {
            connection.send("you " + UTF_8.decode(payload));
        }
    }

    private final class Jdk implements WebSocket.Listener {

        private final BlockingQueue<String> received = new LinkedBlockingQueue<>();
        private final StringBuilder parts = new StringBuilder();
        private final WebSocket socket;

        Jdk(HttpClient http, URI uri) {
            socket = http.newWebSocketBuilder().buildAsync(uri, this).join();
            clients.add(socket::abort);
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            parts.append(data);
            if (last) {
                received.add(parts.toString());
                parts.setLength(0);
            }
            from.request(1);
            return null;
        }
    }

    private final class JavaWebSocket extends WebSocketClient {

        private final BlockingQueue<String> received = new LinkedBlockingQueue<>();
        private volatile String extensions = "";

        JavaWebSocket(int port, Draft_6455 draft) throws InterruptedException {
            super(URI.create("ws://localhost:" + port + PATH), draft);
            assertThat(connectBlocking(10, TimeUnit.SECONDS)).isTrue();
            clients.add(this::closeBlocking);
        }

        @Override
        public void onOpen(ServerHandshake handshake) {
            extensions = handshake.getFieldValue("Sec-WebSocket-Extensions");
        }

        @Override
        public void onMessage(String message) {
            received.add(message);
        }

        @Override
        public void onClose(int code, String reason, boolean remote) {}

        @Override
        public void onError(Exception e) {
            received.add(e.toString());
        }
    }
}
