package io.peal.fanout.jetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peal.bus.Topic;
import io.peal.fanout.CloseCode;
import io.peal.fanout.Connection;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.fanout.Limits;
import io.peal.testkit.InMemoryBus;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an attached session is told and spared, besides the order of its messages. */
@Timeout(60)
class AttachTest {

    private static final Topic NEWS = Topic.of("news");
    private static final String PATH = "/live";

    private final InMemoryBus bus = InMemoryBus.create();
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>(); // to the application
    private final BlockingQueue<String> received = new LinkedBlockingQueue<>(); // by the client
    private @Nullable Fanout fanout;
    private @Nullable JettyServer server;

    @AfterEach
    void stop() {
        if (fanout != null) {
            fanout.close();
        }
        if (server != null) {
            server.close();
        }
        bus.close();
    }

    @Test
    void drainDeliversEverythingAndClosesWith1012() throws Exception {
        Fanout running = serve(Limits.defaults(), connection -> connection.subscribe(NEWS));
        connect();
        awaitTold("open");
        for (int i = 0; i < 100; i++) {
            bus.publisher().publish(NEWS, String.valueOf(i));
        }
        assertThat(running.drain(Duration.ZERO).remaining()).isZero();
        for (int i = 0; i < 100; i++) {
            assertThat(received.poll(10, TimeUnit.SECONDS)).isEqualTo(i + "");
        }
        assertThat(received.poll(10, TimeUnit.SECONDS)).isEqualTo("closed 1012");
        awaitTold("closed 1012");
    }

    @Test
    void clientThatAnswersPingsStaysAndOneThatIsGoneIsReported() throws Exception {
        Fanout running = serve(
                Limits.defaults().pingAfter(Duration.ofSeconds(1)).deadAfter(Duration.ofSeconds(2)), connection -> {});
        WebSocket client = connect();
        awaitTold("open");
        for (int i = 0; i < 3; i++) { // so many come in more time than a silent one is given
            assertThat(received.poll(10, TimeUnit.SECONDS)).isEqualTo("ping");
        }
        assertThat(running.connections()).isEqualTo(1);
        client.abort();
        awaitTold("closed " + CloseCode.ABNORMAL);
    }

    @Test
    void oneSessionTooManyIsClosedWith1013AndItsPlaceIsNobodys() throws Exception {
        Fanout running = serve(Limits.defaults().connections(1), connection -> connection.subscribe(NEWS));
        WebSocket first = connect();
        awaitTold("open");
        connect();
        awaitTold("open");
        assertThat(received.poll(10, TimeUnit.SECONDS)).isEqualTo("closed 1013");
        awaitTold("closed 1013");
        assertThat(running.connections()).isEqualTo(1);
        first.abort();
        awaitTold("closed " + CloseCode.ABNORMAL);
        connect();
        awaitTold("open");
        bus.publisher().publish(NEWS, "for who took its place");
        assertThat(received.poll(10, TimeUnit.SECONDS)).isEqualTo("for who took its place");
    }

    @Test
    void listenerThatSendsInPartsEndsTheConnectionRatherThanLosingAMessage() throws Exception {
        Fanout running = fanout(Limits.defaults());
        server = JettyServer.startListening(running, PATH, live -> new InParts(live));
        connect();
        awaitTold("open");
        bus.publisher().publish(NEWS, "in between");
        awaitTold("closed " + CloseCode.ABNORMAL);
    }

    @Test
    void sessionOfSomebodyElseIsRefused() {
        Session foreign = (Session) Proxy.newProxyInstance(
                Session.class.getClassLoader(), new Class<?>[] {Session.class}, (proxy, method, arguments) -> null);
        JettyFanout live = JettyFanout.of(fanout(Limits.defaults()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> live.attach(foreign))
                .withMessageContaining("none of Jetty's");
    }

    private Fanout fanout(Limits limits) {
        Fanout built = Fanout.on(bus).limits(limits).build();
        fanout = built;
        return built;
    }

    private Fanout serve(Limits limits, ConnectionHandler handler) throws IOException {
        Fanout running = fanout(limits);
        server = JettyServer.startAttaching(running, PATH, new Telling(handler));
        return running;
    }

    private WebSocket connect() {
        JettyServer running = server;
        if (running == null) {
            throw new IllegalStateException("not serving yet");
        }
        URI uri = URI.create("ws://localhost:" + running.port() + PATH);
        return HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(uri, new Client())
                .join();
    }

    private void awaitTold(String line) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!told.remove(line)) {
            assertThat(System.nanoTime())
                    .as("told '" + line + "' among " + told)
                    .isLessThan(deadline);
            Thread.sleep(1);
        }
    }

    /** Tells what the application is told. */
    private final class Telling implements ConnectionHandler {

        private final ConnectionHandler handler;

        Telling(ConnectionHandler handler) {
            this.handler = handler;
        }

        @Override
        public void onOpen(Connection connection) {
            handler.onOpen(connection);
            told.add("open");
        }

        @Override
        public void onClose(Connection connection, int code, String reason) {
            told.add("closed " + code);
        }
    }

    /** Begins a message and never ends it. */
    public final class InParts implements Session.Listener.AutoDemanding {

        private final JettyFanout live;

        InParts(JettyFanout live) {
            this.live = live;
        }

        @Override
        public void onWebSocketOpen(Session session) {
            session.sendPartialText("the first part of something", false, Callback.NOOP);
            live.attach(session, new Telling(connection -> connection.subscribe(NEWS)));
        }

        @Override
        public void onWebSocketError(Throwable cause) {
            told.add("listener failed");
        }
    }

    private final class Client implements WebSocket.Listener {

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            received.add(data.toString());
            from.request(1);
            return null;
        }

        /** The JDK has answered it. */
        @Override
        public @Nullable CompletionStage<?> onPing(WebSocket from, ByteBuffer payload) {
            received.add("ping");
            from.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
            received.add("closed " + code);
            return null;
        }
    }
}
