package io.peal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.Gap;
import io.peal.bus.Topic;
import io.peal.fanout.CloseCode;
import io.peal.fanout.Connection;
import io.peal.fanout.DrainReport;
import io.peal.fanout.FanoutListener;
import io.peal.fanout.Limits;
import io.peal.fanout.SlowConsumerPolicy;
import io.peal.fanout.SlowConsumers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;

/** What an operator sees, whatever the adapter: the listener, the health, and flight recordings. */
public abstract class FanoutSignalsContract extends FanoutBed {

    private static final String PADDING = "x".repeat(4_000);

    @Test
    final void listenerIsToldWhatHappens() {
        Notes notes = new Notes();
        serve(options -> options.listener(notes), subscribing(NEWS));
        WebSocketProbe first = connect();
        connect();
        awaitEvents("open", 2);
        for (int i = 0; i < 100; i++) {
            bus.publisher().publish(NEWS, "0123456789");
        }
        texts(first, 100);
        await(() -> notes.deliveries.get() == 200, "every delivery is counted");
        assertThat(notes.bytes.get()).isEqualTo(200 * (10 + 2));
        assertThat(notes.longestDelayUs.get()).isBetween(0L, 10_000_000L);
        first.sendClose(1000);
        await(() -> notes.lines.contains("closed 1000"), "the close is told");
        assertThat(fanout().drain(Duration.ZERO).remaining()).isZero();
        assertThat(notes.lines).containsSubsequence("opened", "opened", "closed 1000");
        await(() -> notes.lines.contains("closed 1012"), "the server's own close is told with its code");
        assertThat(notes.lines).contains("drained 1 0");
        assertThat(upgradeStatus("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
                .isEqualTo(503);
        assertThat(notes.lines).contains("refused 503");
    }

    @Test
    final void slowConnectionsAreTold() {
        Notes notes = new Notes();
        serve(
                options -> options.listener(notes)
                        .slowConsumers(SlowConsumers.catchUp().with("news", SlowConsumerPolicy.DROP))
                        .limits(Limits.defaults().stall(Duration.ofSeconds(1))),
                connection -> {
                    connection.subscribe(NEWS);
                    connection.subscribe(OTHER);
                });
        WebSocketProbe slow = connect(SMALL_BUFFER);
        awaitEvent("open");
        for (int i = 0; i < 4_000; i++) {
            bus.publisher().publish(NEWS, PADDING);
        }
        await(() -> notes.lines.contains("behind"), "it is behind");
        Thread ticking = new Thread(
                () -> { // so that there is always something to read: what it missed does not come
                    while (!notes.lines.contains("level")) {
                        bus.publisher().publish(NEWS, "tick");
                        LockSupport.parkNanos(5_000_000);
                    }
                    bus.publisher().publish(NEWS, "level, so this comes");
                });
        ticking.start();
        while (!notes.lines.contains("level")) {
            slow.nextText();
        }
        assertThat(notes.lines).contains("dropped news");
        for (int i = 0; i < 4_000; i++) {
            bus.publisher().publish(OTHER, PADDING);
        }
        await(() -> notes.lines.stream().anyMatch(line -> line.startsWith("slow took nothing")), "it is closed");
    }

    @Test
    final void listenerThatThrowsDisturbsNobody() {
        serve(
                options -> options.listener(new FanoutListener() {
                    @Override
                    public void connectionOpened(Connection connection) {
                        throw new IllegalStateException("metrics are broken");
                    }
                }),
                subscribing(NEWS));
        WebSocketProbe client = connect();
        awaitEvent("open");
        bus.publisher().publish(NEWS, "hello");
        assertThat(client.nextText()).isEqualTo("hello");
        synchronized (errors) {
            assertThat(errors).hasSize(1);
            errors.clear();
        }
    }

    @Test
    final void blockedEventLoopIsTold() {
        Notes notes = new Notes();
        serve(options -> options.listener(notes), connection -> {
            connection.subscribe(NEWS);
            LockSupport.parkNanos(Duration.ofMillis(1_500).toNanos()); // what must not be done there
        });
        connect();
        await(() -> notes.lines.contains("stalled"), "the stall is told");
        assertThat(fanout().health().alive()).isTrue();
    }

    @Test
    final void clientsAreSentAwayWhenTheBusIsLost() {
        Notes notes = new Notes();
        serve(options -> options.listener(notes), subscribing(NEWS));
        List<WebSocketProbe> clients = List.of(connect(), connect(), connect());
        awaitEvents("open", clients.size());
        bus.fail("its directory was removed");
        for (WebSocketProbe client : clients) {
            assertThat(client.nextClose().closeCode()).isEqualTo(CloseCode.SERVICE_RESTART);
        }
        assertThat(upgradeStatus("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
                .isEqualTo(503);
        assertThat(notes.lines).contains("lost its directory was removed");
        assertThat(fanout().health().alive()).isFalse();
        assertThat(fanout().health().ready()).isFalse();
        assertThat(fanout().health().reasons()).containsExactly("its directory was removed");
        clients.forEach(client -> client.sendClose(CloseCode.SERVICE_RESTART));
        assertThat(fanout().drain(Duration.ZERO).remaining()).isZero();
    }

    @Test
    final void healthSaysWhetherClientsAreWelcome() {
        serve(Limits.defaults().connections(1), connection -> {});
        assertThat(fanout().health().ready()).isTrue();
        connect();
        awaitEvent("open");
        assertThat(fanout().health().ready()).isFalse();
        assertThat(fanout().health().reasons()).containsExactly("1 connections, which is the limit");
        assertThat(fanout().health().alive()).isTrue();
        fanout().drain(Duration.ZERO);
        assertThat(fanout().health().reasons()).containsExactly("draining");
        assertThat(fanout().health().connections()).isZero();
    }

    @Test
    final void recordingShowsSlowConsumersAndDrains() throws IOException {
        try (Recording recording = new Recording()) {
            recording.enable("io.peal.SlowConsumer");
            recording.enable("io.peal.Drain");
            recording.start();
            serve(
                    options -> options.slowConsumers(SlowConsumers.catchUp().with("*", SlowConsumerPolicy.DISCONNECT)),
                    subscribing(NEWS));
            WebSocketProbe slow = connect(SMALL_BUFFER);
            awaitEvent("open");
            for (int i = 0; i < 4_000; i++) {
                bus.publisher().publish(NEWS, PADDING);
            }
            slow.nextClose();
            slow.close();
            fanout().drain(Duration.ZERO);
            recording.stop();
            Path file = Files.createTempFile("peal", ".jfr");
            try {
                recording.dump(file);
                List<RecordedEvent> recorded = RecordingFile.readAllEvents(file);
                assertThat(recorded)
                        .extracting(event -> event.getEventType().getName())
                        .contains("io.peal.SlowConsumer", "io.peal.Drain");
                assertThat(recorded)
                        .filteredOn(event -> event.getEventType().getName().equals("io.peal.SlowConsumer"))
                        .extracting(event -> event.getString("what"))
                        .contains("no room for a message");
            } finally {
                Files.delete(file);
            }
        }
    }

    /** What a listener was told. */
    private static final class Notes implements FanoutListener {

        private final List<String> lines = new CopyOnWriteArrayList<>();
        private final AtomicLong deliveries = new AtomicLong();
        private final AtomicLong bytes = new AtomicLong();
        private final AtomicLong longestDelayUs = new AtomicLong();

        @Override
        public void connectionOpened(Connection connection) {
            lines.add("opened");
        }

        @Override
        public void connectionClosed(Connection connection, int code, String reason) {
            lines.add("closed " + code);
        }

        @Override
        public void upgradeRefused(int status, String reason) {
            lines.add("refused " + status);
        }

        @Override
        public void turnEnded(int messages, long delivered, long length, long delayUs) {
            deliveries.addAndGet(delivered);
            bytes.addAndGet(length);
            longestDelayUs.accumulateAndGet(delayUs, Math::max);
        }

        @Override
        public void fellBehind(Connection connection) {
            lines.add("behind");
        }

        @Override
        public void caughtUp(Connection connection) {
            lines.add("level");
        }

        @Override
        public void dropped(Connection connection, Topic topic, Gap gap) {
            lines.add("dropped " + topic);
        }

        @Override
        public void closedAsSlow(Connection connection, String why) {
            lines.add("slow " + why);
        }

        @Override
        public void stalled(long milliseconds) {
            lines.add("stalled");
        }

        @Override
        public void busLost(String why) {
            lines.add("lost " + why);
        }

        @Override
        public void drained(DrainReport report) {
            lines.add("drained " + report.connections() + " " + report.remaining());
        }
    }
}
