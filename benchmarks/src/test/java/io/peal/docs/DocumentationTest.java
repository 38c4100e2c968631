package io.peal.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.peal.bus.Bus;
import io.peal.bus.Topic;
import io.peal.fanout.Admission;
import io.peal.fanout.Fanout;
import io.peal.fanout.UpgradeRequest;
import io.peal.testkit.InMemoryBus;
import io.peal.testkit.WebSocketProbe;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The documentation's code is {@link Snippets}', word for word, and does what is said; its links lead somewhere. */
@Timeout(60)
class DocumentationTest {

    private static final Path ROOT = Path.of("..");
    private static final Pattern IN_README =
            Pattern.compile("<!-- snippet: (\\w+) -->\n```java\n(.*?)```\n", Pattern.DOTALL);
    private static final Pattern IN_SOURCE =
            Pattern.compile("\n *// snippet (\\w+)\n(.*?)\n *// end\n", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("]\\((?!http)([^)#]+)");

    @TempDir
    private Path directory = Path.of("");

    private static final Map<String, List<String>> HANDSHAKE = Map.of(
            "Upgrade", List.of("websocket"),
            "Connection", List.of("keep-alive, Upgrade"),
            "Sec-WebSocket-Version", List.of("13"),
            "Sec-WebSocket-Key", List.of("dGhlIHNhbXBsZSBub25jZQ=="));

    @Test
    void snippetsAreCompiledCode() throws IOException {
        Map<String, String> compiled =
                snippets(IN_SOURCE, Files.readString(Path.of("src/test/java/io/peal/docs/Snippets.java")));
        Map<String, String> shown = snippets(IN_README, Files.readString(ROOT.resolve("README.md")));
        assertThat(shown).isEqualTo(compiled);
    }

    @Test
    void linksLeadSomewhere() throws IOException {
        try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
            Stream<Path> pages = docs.filter(file -> file.toString().endsWith(".md"));
            for (Path page :
                    Stream.concat(Stream.of(ROOT.resolve("README.md")), pages).toList()) {
                Matcher link = LINK.matcher(Files.readString(page));
                while (link.find()) {
                    assertThat(page.resolveSibling(link.group(1)))
                            .as("in " + page)
                            .exists();
                }
            }
        }
    }

    @Test
    void busSnippetPrintsItsMessage() {
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try (Bus bus = Snippets.bus(directory.resolve("bus"))) {
            awaitText(printed, "1 hello");
            assertThat(bus.position().value()).isEqualTo(1);
        } finally {
            System.setOut(before);
        }
    }

    @Test
    void nettySnippetServes() throws InterruptedException {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try (Bus bus = InMemoryBus.create()) {
            Channel listener = new ServerBootstrap()
                    .group(loops)
                    .channel(NioServerSocketChannel.class)
                    .childHandler(Snippets.netty(bus))
                    .bind(InetAddress.getLoopbackAddress(), 0)
                    .sync()
                    .channel();
            int port = ((InetSocketAddress) listener.localAddress()).getPort();
            ScheduledExecutorService publishing = Executors.newSingleThreadScheduledExecutor();
            publishing.scheduleWithFixedDelay( // when the subscription begins, the client is not told
                    () -> bus.publisher().publish(Topic.of("news"), "something"), 0, 10, TimeUnit.MILLISECONDS);
            try (WebSocketProbe client = WebSocketProbe.connect(port, "/live")) {
                assertThat(client.nextText()).isEqualTo("something");
            } finally {
                publishing.shutdownNow();
            }
        } finally {
            loops.shutdownGracefully(20, 2_000, TimeUnit.MILLISECONDS).sync();
        }
    }

    @Test
    void jettySnippetServesClients() throws Exception {
        try (Bus bus = InMemoryBus.create()) {
            Server server = new Server();
            ServerConnector connector = new ServerConnector(server);
            server.addConnector(connector);
            Snippets.jetty(bus, server);
            server.start();
            ScheduledExecutorService publishing = Executors.newSingleThreadScheduledExecutor();
            publishing.scheduleWithFixedDelay(
                    () -> bus.publisher().publish(Topic.of("news"), "something"), 0, 10, TimeUnit.MILLISECONDS);
            try (WebSocketProbe client = WebSocketProbe.connect(connector.getLocalPort(), "/live")) {
                assertThat(client.nextText()).isEqualTo("something");
            } finally {
                publishing.shutdownNow();
                server.stop();
            }
        }
    }

    @Test
    void optionsSnippetAsksForTheToken() {
        try (Bus bus = InMemoryBus.create();
                Fanout fanout = Snippets.options(
                        bus,
                        token -> CompletableFuture.completedStage(
                                "right".equals(token) ? Admission.accept() : Admission.refuse(401, "no")))) {
            assertThat(answer(fanout, "/live?token=right")).isInstanceOf(Admission.Accepted.class);
            assertThat(answer(fanout, "/live")).isInstanceOf(Admission.Refused.class);
        }
    }

    private static Admission answer(Fanout fanout, String uri) {
        return fanout.admit(new UpgradeRequest("GET", uri, name -> HANDSHAKE.getOrDefault(name, List.of()), null))
                .toCompletableFuture()
                .join();
    }

    private static void awaitText(ByteArrayOutputStream printed, String text) {
        while (!printed.toString(StandardCharsets.UTF_8).contains(text)) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** Without the indentation, and without the word that only a nested class needs. */
    private static Map<String, String> snippets(Pattern pattern, String text) {
        Map<String, String> snippets = new TreeMap<>();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            snippets.put(
                    matcher.group(1), matcher.group(2).stripIndent().strip().replaceFirst("^static ", ""));
        }
        return snippets;
    }
}
