package io.peal.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.PayloadKind;
import io.peal.fanout.Compression;
import io.peal.fanout.Connection;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.fanout.OriginPolicy;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.java_websocket.client.WebSocketClient;
import org.java_websocket.drafts.Draft_6455;
import org.java_websocket.extensions.permessage_deflate.PerMessageDeflateExtension;
import org.java_websocket.handshake.ServerHandshake;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that others wrote, side by side on one server, whatever the adapter: the JDK's, and Java-WebSocket with
 * compression; also behind TLS. Who extends this needs Java-WebSocket.
 */
public abstract class FanoutInteropContract extends FanoutBed {

    private static final String LONG = "said again and again, ".repeat(50);
    private static final int MESSAGES = 300;
    private static final String SCRIPT = "interop.mjs";

    /** Of the server's key store. */
    protected static final char[] PASSWORD = "only for this test".toCharArray();

    @TempDir
    private Path directory = Path.of("");

    private final List<AutoCloseable> clients = new ArrayList<>();
    private @Nullable KeyStore keys; // if the server is to speak TLS

    /** Starts a server that speaks TLS. */
    protected abstract Server startSecure(
            Fanout fanout, String path, ConnectionHandler handler, Path keyStore, KeyStore keys) throws Exception;

    /** Starts a server with one WebSocket endpoint. */
    protected abstract Server startPlain(Fanout fanout, String path, ConnectionHandler handler) throws IOException;

    @Override
    protected final Server start(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        KeyStore own = keys;
        if (own == null) {
            return startPlain(fanout, path, handler);
        }
        try {
            return startSecure(fanout, path, handler, keyFile(), own);
        } catch (Exception e) {
            throw new IOException("no server with TLS", e);
        }
    }

    @AfterEach
    final void closeClients() throws Exception {
        for (AutoCloseable client : clients) {
            client.close();
        }
    }

    @Test
    final void clientsOfSeveralLibrariesGetTheSame() throws Exception {
        serve(options -> options.compression(Compression.shared()), new Answering());
        Jdk jdk = new Jdk(HttpClient.newHttpClient(), URI.create("ws://localhost:" + port() + PATH));
        JavaWebSocket plain = new JavaWebSocket(new Draft_6455());
        JavaWebSocket deflating = new JavaWebSocket(new Draft_6455(new PerMessageDeflateExtension()));
        awaitEvents("open", 3);
        for (int i = 0; i < MESSAGES; i++) {
            bus.publisher().publish(NEWS, i + (i % 2 == 0 ? "" : LONG));
        }
        List<String> expected = taken(jdk.received, MESSAGES);
        assertThat(expected).hasSize(MESSAGES).startsWith("0", "1" + LONG);
        assertThat(taken(plain.received, MESSAGES)).isEqualTo(expected);
        assertThat(taken(deflating.received, MESSAGES)).isEqualTo(expected);
        assertThat(deflating.extensions).contains("permessage-deflate");

        jdk.socket
                .sendText("said ", false)
                .thenCompose(socket -> socket.sendText("in pieces", true))
                .join();
        assertThat(taken(jdk.received, 1)).containsExactly("you said in pieces");
        deflating.send(LONG);
        assertThat(taken(deflating.received, 1)).containsExactly("you " + LONG);
        plain.send("Jürgen");
        assertThat(taken(plain.received, 1)).containsExactly("you Jürgen");
    }

    @Test
    final void clientsBehindTlsGetEveryByteAsItWas() throws Exception {
        KeyStore own = selfSigned();
        keys = own;
        serve(options -> options.compression(Compression.shared()), new Answering());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(own);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        HttpClient http = HttpClient.newBuilder().sslContext(tls).build();
        List<Jdk> all = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            all.add(new Jdk(http, URI.create("wss://localhost:" + port() + PATH)));
        }
        awaitEvents("open", 5);
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < MESSAGES; i++) {
            expected.add(i + LONG);
            bus.publisher().publish(NEWS, i + LONG);
        }
        for (Jdk client : all) {
            assertThat(taken(client.received, MESSAGES)).isEqualTo(expected);
        }
        all.get(0).socket.sendText("hello", true).join();
        assertThat(taken(all.get(0).received, 1)).containsExactly("you hello");
    }

    /** With {@code -Dpeal.interop=FOLDER}, where {@code npm install ws undici} was run; a Chromium in the path joins in. */
    @Test
    @EnabledIfSystemProperty(named = "peal.interop", matches = ".+")
    final void clientsInJavaScriptGetTheSame() throws Exception {
        serve(
                options ->
                        options.compression(Compression.shared()).origins(OriginPolicy.any()), // a page of another port
                new Answering());
        Path script = directory.resolve(SCRIPT);
        try (InputStream source = FanoutInteropContract.class.getResourceAsStream(SCRIPT)) {
            Files.copy(Objects.requireNonNull(source), script);
        }
        String url = "ws://127.0.0.1:" + port() + PATH;
        String packages = System.getProperty("peal.interop", "");
        try (ReplicaProcess node = ReplicaProcess.start(
                List.of("node", script.toString(), url, packages, String.valueOf(MESSAGES), LONG))) {
            String count = node.awaitLine("clients ", PATIENCE).substring("clients ".length());
            awaitEvents("open", Integer.parseInt(count));
            for (int i = 0; i < MESSAGES; i++) {
                bus.publisher().publish(NEWS, i + (i % 2 == 0 ? "" : LONG));
            }
            assertThat(node.awaitExit(PATIENCE))
                    .as(String.join("\n", node.output()))
                    .isZero();
            System.out.println(String.join("; ", node.output()));
            assertThat(node.output())
                    .filteredOn(line -> line.startsWith("done "))
                    .hasSize(Integer.parseInt(count))
                    .anyMatch(line -> line.contains("permessage-deflate"));
        }
    }

    private static List<String> taken(BlockingQueue<String> received, int count) throws InterruptedException {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String text = received.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(text).as("message " + i).isNotNull();
            texts.add(text);
        }
        return texts;
    }

    private Path keyFile() {
        return directory.resolve("keys.p12");
    }

    /** A key of its own for each run, made by the JDK's tool. */
    private KeyStore selfSigned() throws Exception {
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
                        keyFile().toString(),
                        "-storepass",
                        new String(PASSWORD))
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), UTF_8);
        assertThat(keytool.waitFor()).as(said).isZero();
        KeyStore made = KeyStore.getInstance("PKCS12");
        try (InputStream input = Files.newInputStream(keyFile())) {
            made.load(input, PASSWORD);
        }
        return made;
    }

    /** Subscribes everybody, and answers what it is told. */
    private static final class Answering implements ConnectionHandler {

        @Override
        public void onOpen(Connection connection) {
            connection.subscribe(NEWS);
        }

        @Override
        public void onMessage(Connection connection, PayloadKind kind, ByteBuffer payload) {
            String said = UTF_8.decode(payload).toString();
            if (said.equals("bye")) {
                connection.close(4_001, "goodbye");
            } else {
                connection.send("you " + said);
            }
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

        JavaWebSocket(Draft_6455 draft) throws InterruptedException {
            super(URI.create("ws://localhost:" + port() + PATH), draft);
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
