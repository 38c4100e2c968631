package io.peal.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.Gap;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.fanout.Connection;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.DrainReport;
import io.peal.fanout.Fanout;
import io.peal.fanout.Limits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** A server with one endpoint on a bus in memory, clients that do as they are told, and what the application was told. */
@Timeout(60)
public abstract class FanoutBed {

    /** A running server. */
    public interface Server extends AutoCloseable {

        /** Where it listens. */
        int port();

        /** Stops it; called when the fanout is closed. */
        @Override
        void close();
    }

    /** What the application was told, in order. */
    record Event(String what, Connection connection, String detail) {}

    static final Duration PATIENCE = Duration.ofSeconds(10);
    static final Topic NEWS = Topic.of("news");
    static final Topic OTHER = Topic.of("other");
    static final String PATH = "/live";
    static final int SMALL_BUFFER = 4096;

    final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    final List<WebSocketProbe> probes = new ArrayList<>();
    final List<Throwable> errors = new ArrayList<>(); // guarded by itself
    InMemoryBus bus = InMemoryBus.create();

    @Nullable
    Fanout fanout;

    @Nullable
    Server server;

    /** Starts a server with one WebSocket endpoint. */
    protected abstract Server start(Fanout fanout, String path, ConnectionHandler handler) throws IOException;

    @BeforeEach
    final void newBus() {
        bus.close();
        bus = InMemoryBus.create();
    }

    @AfterEach
    final void stopEverything() {
        probes.forEach(WebSocketProbe::close);
        if (fanout != null) {
            fanout.close();
        }
        if (server != null) {
            server.close();
        }
        bus.close();
        synchronized (errors) {
            assertThat(errors).as("errors that nobody expected").isEmpty();
        }
    }

    void serve(ConnectionHandler handler) {
        serve(Limits.defaults(), handler);
    }

    void serve(Limits limits, ConnectionHandler handler) {
        serve(options -> options.limits(limits), handler);
    }

    void serve(UnaryOperator<Fanout.Builder> options, ConnectionHandler handler) {
        Fanout built = options.apply(Fanout.on(bus))
                .errorHandler(error -> {
                    synchronized (errors) {
                        errors.add(error);
                    }
                })
                .build();
        fanout = built;
        try {
            server = start(built, PATH, new Noting(handler));
        } catch (IOException e) {
            throw new IllegalStateException("no server", e);
        }
    }

    FutureTask<DrainReport> draining(Duration window) {
        FutureTask<DrainReport> draining = new FutureTask<>(() -> fanout().drain(window));
        new Thread(draining, "drain").start();
        return draining;
    }

    static long closed(Collection<Event> events) {
        return events.stream().filter(event -> event.what().equals("close")).count();
    }

    static ConnectionHandler subscribing(Topic topic) {
        return connection -> connection.subscribe(topic);
    }

    Fanout fanout() {
        Fanout running = fanout;
        if (running == null) {
            throw new IllegalStateException("not serving yet");
        }
        return running;
    }

    int port() {
        Server running = server;
        if (running == null) {
            throw new IllegalStateException("not serving yet");
        }
        return running.port();
    }

    WebSocketProbe connect() {
        return connect(0);
    }

    WebSocketProbe connect(int receiveBufferLength) {
        WebSocketProbe probe = WebSocketProbe.connect(port(), PATH, receiveBufferLength);
        probes.add(probe);
        return probe;
    }

    List<WebSocketProbe> connected(int count) {
        List<WebSocketProbe> clients = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            clients.add(connect());
        }
        awaitEvents("open", count);
        return clients;
    }

    int upgradeStatus(String... headers) {
        List<String> all = new ArrayList<>(List.of("Upgrade: websocket", "Connection: Upgrade"));
        all.addAll(List.of(headers));
        return WebSocketProbe.status(port(), "GET", PATH, all.toArray(String[]::new));
    }

    void refusedWith(int code, Consumer<WebSocketProbe> violation) {
        WebSocketProbe client = connect();
        violation.accept(client);
        WebSocketProbe.Frame answer = client.next();
        assertThat(answer.opcode()).as("a Close and nothing else").isEqualTo(WebSocketProbe.CLOSE);
        assertThat(answer.closeCode()).isEqualTo(code);
        assertThat(awaitEvent("close").detail()).isNotEmpty();
        assertThat(client.awaitEnd()).as("bytes behind the Close").isZero();
    }

    static void publish(InMemoryBus bus, String prefix, int count) {
        for (int i = 0; i < count; i++) {
            bus.publisher().publish(NEWS, prefix + i);
            if (i % 50 == 0) {
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    static List<String> texts(WebSocketProbe client, int count) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(client.nextText());
        }
        return texts;
    }

    /** Reads numbers, each the beginning of a text, until {@code last} has come. */
    static List<Integer> numbersUpTo(WebSocketProbe client, int last) {
        List<Integer> numbers = new ArrayList<>();
        while (numbers.isEmpty() || numbers.get(numbers.size() - 1) < last) {
            numbers.add(numberOf(client.nextText()));
        }
        return numbers;
    }

    /** The number that a message of these tests begins with. */
    static int numberOf(String text) {
        return Integer.parseInt(text.split(" ", 2)[0]);
    }

    static boolean hasNoHole(List<? extends Integer> numbers) {
        return IntStream.range(1, numbers.size()).allMatch(i -> numbers.get(i) == numbers.get(i - 1) + 1);
    }

    List<Event> awaitEvents(String what, int count) {
        List<Event> found = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            found.add(awaitEvent(what));
        }
        return found;
    }

    Event awaitEvent(String what) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try {
            while (true) {
                Event event = events.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (event == null) {
                    throw new AssertionError("the application was not told of: " + what);
                }
                if (event.what().equals(what)) {
                    return event;
                }
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }

    static void await(BooleanSupplier condition, String description) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(description).isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    /**
     * A publisher that goes on until it is closed, so that a client that comes at any time need not fear to wait for a
     * message that nobody publishes. The messages are numbers from 0 on.
     */
    final class Traffic extends Thread implements AutoCloseable {

        private final int burst;
        private final long pauseNs;
        private volatile boolean ended;

        /** Publishes {@code burst} messages at once, and then pauses. */
        Traffic(int burst, long pauseNs) {
            super("traffic");
            this.burst = burst;
            this.pauseNs = pauseNs;
        }

        @Override
        public void run() {
            for (int i = 0; !ended; i++) {
                bus.publisher().publish(NEWS, String.valueOf(i));
                if (i % burst == 0) {
                    LockSupport.parkNanos(pauseNs);
                }
            }
        }

        @Override
        public void close() {
            ended = true;
            FanoutBed.join(this);
        }
    }

    static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** Notes what the application is told, and lets the test's handler do its part before. */
    private final class Noting implements ConnectionHandler {

        private final ConnectionHandler handler;

        Noting(ConnectionHandler handler) {
            this.handler = handler;
        }

        @Override
        public void onOpen(Connection connection) {
            handler.onOpen(connection);
            events.add(new Event("open", connection, connection.uri()));
        }

        @Override
        public void onMessage(Connection connection, PayloadKind kind, ByteBuffer payload) {
            events.add(new Event("message", connection, kind + " " + UTF_8.decode(payload.duplicate())));
            handler.onMessage(connection, kind, payload);
        }

        @Override
        public void onGap(Connection connection, Topic topic, Gap gap) {
            events.add(new Event("gap", connection, topic + " " + gap.first() + " " + gap.last()));
            handler.onGap(connection, topic, gap);
        }

        @Override
        public void onClose(Connection connection, int code, String reason) {
            events.add(new Event("close", connection, code + " " + reason));
            handler.onClose(connection, code, reason);
        }
    }
}
