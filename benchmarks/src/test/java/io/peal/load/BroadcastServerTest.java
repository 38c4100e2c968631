package io.peal.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What Peal is compared with must not do more than its work. */
class BroadcastServerTest {

    private static final int CLIENTS = 5;
    private static final Duration LIMIT = Duration.ofSeconds(10);

    @TempDir
    private Path folder = Path.of("");

    @ParameterizedTest
    @EnumSource(names = {"PEAL_NETTY", "PEAL_JETTY", "NETTY", "JETTY"})
    void clientsThatAreGoneAreSentNothing(BroadcastServer.Kind kind) throws Exception {
        try (BroadcastServer server = kind.start(folder.resolve("bus"))) {
            connectAndLeave(server);
        }
    }

    private static void connectAndLeave(BroadcastServer server) {
        URI uri = URI.create("ws://127.0.0.1:" + server.port() + BroadcastServer.PATH);
        HttpClient http = HttpClient.newHttpClient();
        List<WebSocket> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(http.newWebSocketBuilder()
                    .buildAsync(uri, new WebSocket.Listener() {})
                    .join());
        }
        awaitConnections(server, CLIENTS);
        clients.get(0).sendClose(WebSocket.NORMAL_CLOSURE, "").join();
        clients.subList(1, CLIENTS).forEach(WebSocket::abort);
        awaitConnections(server, 0);
    }

    private static void awaitConnections(BroadcastServer server, int wanted) {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (server.connections() != wanted && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(server.connections()).isEqualTo(wanted);
    }
}
