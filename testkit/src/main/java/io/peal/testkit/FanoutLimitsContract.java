package io.peal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.Gap;
import io.peal.bus.Position;
import io.peal.bus.Topic;
import io.peal.fanout.Admission;
import io.peal.fanout.CloseCode;
import io.peal.fanout.Connection;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.fanout.FanoutListener;
import io.peal.fanout.Limits;
import io.peal.fanout.OriginPolicy;
import io.peal.fanout.SlowConsumerPolicy;
import io.peal.fanout.SlowConsumers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every adapter keeps away from a server: clients that are too slow, too many, too loud, silent, or not who they
 * should be. An adapter's test extends this and supplies a server.
 */
public abstract class FanoutLimitsContract extends FanoutBed {

    private static final int MESSAGES = 4_000;
    private static final String PADDING = "x".repeat(4_000);
    private static final Duration SHORT = Duration.ofSeconds(1);

    private @Nullable Connection slowConnection;

    // Slow consumers

    @Test
    final void conflatedTopicBringsTheNewestWhenThereIsRoomAgain() {
        serve(policy("new*", SlowConsumerPolicy.CONFLATE), subscribing(NEWS));
        WebSocketProbe slow = slowBehindAQuickOne();
        List<Integer> got = numbersUpTo(slow, MESSAGES - 1);
        assertThat(got).isSorted().doesNotHaveDuplicates();
        assertThat(got.size()).as("messages of " + MESSAGES).isLessThan(MESSAGES / 2);
    }

    @Test
    final void topicConflatedByKeyBringsTheNewestOfEachKey() {
        int keys = 7;
        serve(
                options -> options.slowConsumers(SlowConsumers.catchUp()
                        .conflatingByKey(NEWS.name(), message -> numberOf(message.text()) % keys)),
                subscribing(NEWS));
        WebSocketProbe slow = slowBehindAQuickOne();
        List<Integer> got = numbersUpTo(slow, MESSAGES - 1);
        assertThat(got).isSorted().doesNotHaveDuplicates();
        assertThat(got.subList(got.size() - keys, got.size()))
                .as("the last of each key")
                .isEqualTo(IntStream.range(MESSAGES - keys, MESSAGES).boxed().toList());
        assertThat(got.size()).as("messages of " + MESSAGES).isLessThan(MESSAGES / 2);
    }

    @Test
    final void conflatingOneTopicTakesNothingFromAnother() {
        serve(policy("new*", SlowConsumerPolicy.CONFLATE), connection -> {
            connection.subscribe(NEWS);
            connection.subscribe(OTHER);
        });
        WebSocketProbe slow = connect(SMALL_BUFFER);
        awaitEvents("open", 1);
        for (int i = 0; i < MESSAGES; i++) {
            bus.publisher().publish(i % 10 == 0 ? OTHER : NEWS, i + " " + PADDING);
        }
        List<Integer> got = numbersUpTo(slow, MESSAGES - 1);
        assertThat(got).isSorted().doesNotHaveDuplicates();
        assertThat(got.stream().filter(number -> number % 10 == 0).toList())
                .isEqualTo(
                        IntStream.range(0, MESSAGES / 10).mapToObj(i -> i * 10).toList());
        assertThat(got.size()).isLessThan(MESSAGES / 2);
    }

    @Test
    final void droppedMessagesAreAnnouncedExactly() {
        serve(policy(NEWS.name(), SlowConsumerPolicy.DROP), new ConnectionHandler() {
            @Override
            public void onOpen(Connection connection) {
                connection.subscribe(NEWS);
            }

            @Override
            public void onGap(Connection connection, Topic topic, Gap gap) {
                connection.send("gap " + topic + " " + gap.first() + " " + gap.last());
            }
        });
        long before = bus.position().value();
        WebSocketProbe slow = slowBehindAQuickOne();
        long next = before + 1; // the position of number 0
        int gaps = 0;
        while (next <= before + MESSAGES) {
            String text = slow.nextText();
            if (text.startsWith("gap news ")) {
                String[] words = text.split(" ", -1);
                assertThat(Long.parseLong(words[2])).isEqualTo(next);
                next = Long.parseLong(words[3]) + 1;
                gaps++;
            } else {
                assertThat(Long.parseLong(text.split(" ", 2)[0])).isEqualTo(next - before - 1);
                next++;
            }
        }
        assertThat(gaps).isPositive();
    }

    @Test
    final void connectionWithoutRoomIsClosedIfThatIsThePolicy() {
        serve(policy("*", SlowConsumerPolicy.DISCONNECT), subscribing(NEWS));
        WebSocketProbe slow = slowBehindAQuickOne();
        WebSocketProbe.Frame close = slow.nextClose();
        assertThat(close.closeCode()).isEqualTo(CloseCode.TRY_AGAIN_LATER);
        assertThat(close.text()).contains("no room");
        slow.close();
        await(() -> fanout().connections() == 1, "the quick one stays");
    }

    @Test
    final void connectionTooFarBehindIsClosed() {
        serve(Limits.defaults().messagesBehind(1_000), subscribing(NEWS));
        WebSocketProbe slow = slowBehindAQuickOne();
        await(() -> slowConnection().lag() == 0, "the slow one is being closed");
        assertThat(slow.nextClose().text()).contains("slow consumer").contains("messages behind");
    }

    @Test
    final void connectionTooManyBytesBehindIsClosed() {
        serve(Limits.defaults().bytesBehind(4 << 20), subscribing(NEWS));
        WebSocketProbe slow = slowBehindAQuickOne();
        await(() -> slowConnection().lag() == 0, "the slow one is being closed");
        assertThat(slow.nextClose().text()).contains("slow consumer").contains("bytes behind");
    }

    @Test
    final void askingForThePastIsNotBeingBehind() {
        for (int i = 0; i < MESSAGES; i++) {
            bus.publisher().publish(NEWS, i + " " + PADDING);
        }
        String token = new Position(bus.position().epoch(), 0).toString();
        serve(
                Limits.defaults().messagesBehind(10).bytesBehind(10),
                connection -> connection.subscribe(NEWS, connection.since()));
        WebSocketProbe client = WebSocketProbe.connect(port(), PATH + "?since=" + token);
        probes.add(client);
        assertThat(numbersUpTo(client, MESSAGES - 1)).hasSize(MESSAGES);
    }

    // Resuming with a token

    @Test
    final void clientBeginsWhereItsTokenSays() {
        for (int i = 0; i < 10; i++) {
            bus.publisher().publish(NEWS, String.valueOf(i));
        }
        serve(connection -> connection.subscribe(NEWS, connection.since()));
        WebSocketProbe resuming = WebSocketProbe.connect(
                port(), PATH + "?since=" + new Position(bus.position().epoch(), 4));
        probes.add(resuming);
        WebSocketProbe fresh = connect();
        awaitEvents("open", 2);
        bus.publisher().publish(NEWS, "10");
        assertThat(texts(resuming, 7)).containsExactly("4", "5", "6", "7", "8", "9", "10");
        assertThat(fresh.nextText()).isEqualTo("10");
    }

    @Test
    final void whatIsNoTokenIsRefused() {
        serve(connection -> connection.subscribe(NEWS, connection.since()));
        WebSocketProbe client = WebSocketProbe.connect(port(), PATH + "?since=yesterday");
        probes.add(client);
        WebSocketProbe.Frame close = client.nextClose();
        assertThat(close.closeCode()).isEqualTo(CloseCode.POLICY_VIOLATION);
        assertThat(close.text()).contains("not a resume token");
    }

    // Loud, idle and old connections

    @Test
    final void clientThatSendsTooMuchIsClosedWith1008() {
        serve(Limits.defaults().inboundRate(10, 20), connection -> {});
        WebSocketProbe client = connect();
        for (int i = 0; i < 30; i++) {
            client.sendText("hello");
        }
        WebSocketProbe.Frame close = client.nextClose();
        assertThat(close.closeCode()).isEqualTo(CloseCode.POLICY_VIOLATION);
        assertThat(awaitEvents("message", 20)).hasSize(20);
    }

    @Test
    final void inboundRateCanBeSwitchedOff() {
        serve(Limits.defaults().inboundRate(0, 1), connection -> {});
        WebSocketProbe client = connect();
        for (int i = 0; i < 1_000; i++) {
            client.sendText("hello");
        }
        assertThat(awaitEvents("message", 1_000)).hasSize(1_000);
    }

    @Test
    final void oneSubscriptionTooManyIsClosedWith1008() {
        serve(Limits.defaults().subscriptions(3), connection -> {
            for (int i = 0; i < 4; i++) {
                connection.subscribe(Topic.of("topic" + i));
            }
        });
        WebSocketProbe.Frame close = connect().nextClose();
        assertThat(close.closeCode()).isEqualTo(CloseCode.POLICY_VIOLATION);
        assertThat(close.text()).contains("3 subscriptions");
    }

    @Test
    final void connectionThatSaysNothingForLongIsClosedWith1001() {
        serve(Limits.defaults().idle(SHORT), subscribing(NEWS));
        assertThat(connect().nextClose().closeCode()).isEqualTo(CloseCode.GOING_AWAY);
    }

    @Test
    final void connectionThatIsOldIsClosedWith1012() {
        serve(Limits.defaults().lifetime(SHORT), subscribing(NEWS));
        assertThat(connect().nextClose().closeCode()).isEqualTo(CloseCode.SERVICE_RESTART);
    }

    // Who may come in

    @Test
    final void oneConnectionTooManyIsAnswered503() {
        serve(Limits.defaults().connections(2), connection -> {});
        connected(2);
        assertThat(upgradeStatus(upgrade())).isEqualTo(503);
        probes.get(0).close();
        await(() -> fanout().connections() == 1, "one is gone");
        assertThat(upgradeStatus(upgrade())).isEqualTo(101);
    }

    @Test
    final void limitHoldsForThoseWhoComeAtOnce() {
        CompletableFuture<Admission> decision = new CompletableFuture<>();
        AtomicInteger asked = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        serve(
                options -> options.limits(Limits.defaults().connections(2))
                        .authenticator(request -> {
                            asked.incrementAndGet();
                            return decision;
                        })
                        .listener(new FanoutListener() {
                            @Override
                            public void upgradeRefused(int status, String reason) {
                                refused.incrementAndGet();
                            }
                        }),
                connection -> {});
        int clients = 6;
        for (int i = 0; i < clients; i++) {
            WebSocketProbe client = WebSocketProbe.connectSilently(port());
            probes.add(client);
            client.write(upgradeRequest());
        }
        await(() -> asked.get() == clients, "all are waiting to be let in");
        decision.complete(Admission.accept());
        List<Integer> answers = new ArrayList<>();
        for (WebSocketProbe client : probes) {
            answers.add(client.awaitStatus());
        }
        assertThat(answers).filteredOn(status -> status == 101).hasSize(2);
        assertThat(answers).filteredOn(status -> status == 503).hasSize(clients - 2);
        assertThat(refused).hasValue(clients - 2);
        await(() -> fanout().connections() == 2, "nobody who was let in is sent away");
    }

    @Test
    final void limitDoesNotCountThoseWhoDoNotWait() {
        CompletableFuture<Admission> decision = new CompletableFuture<>();
        AtomicInteger seen = new AtomicInteger();
        serve(
                options -> options.limits(Limits.defaults().connections(1))
                        .authenticator(request -> {
                            seen.incrementAndGet();
                            return decision;
                        })
                        .listener(new FanoutListener() {
                            @Override
                            public void upgradeRefused(int status, String reason) {
                                seen.incrementAndGet();
                            }
                        }),
                connection -> {});
        int impatient = 50;
        for (int i = 0; i < impatient; i++) {
            await(() -> fanout().health().ready(), "the place is free");
            int before = seen.get();
            WebSocketProbe client = WebSocketProbe.connectSilently(port());
            client.write(upgradeRequest());
            await(() -> seen.get() > before, "its request is there");
            client.reset();
            if (i == impatient / 2) {
                decision.complete(Admission.accept());
            }
        }
        await(() -> upgradeStatus(upgrade()) == 101, "the place is free for one who waits");
    }

    @Test
    final void tooManyUpgradesAreAnswered503() {
        serve(Limits.defaults().upgradesPerSecond(3), connection -> {});
        List<Integer> answers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            answers.add(upgradeStatus(upgrade()));
        }
        assertThat(answers.subList(0, 3)).containsOnly(101);
        assertThat(answers).contains(503);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://evil.example",
                "null",
                "http://localhost:81",
                "https://localhost:444",
                "http://localhost.evil"
            })
    final void pagesOfOtherOriginsAreRefused(String origin) {
        serve(connection -> {});
        assertThat(upgradeStatus(upgrade("Origin: " + origin))).isEqualTo(403);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://localhost",
                "http://LOCALHOST:80",
                "https://localhost",
                "https://app.example",
                "https://app.example:8443"
            })
    final void pagesOfTheHostAndOfAllowedOriginsMayConnect(String origin) {
        serve(
                options ->
                        options.origins(OriginPolicy.sameHost().and("https://app.example", "https://app.example:8443")),
                connection -> {});
        assertThat(upgradeStatus(upgrade("Origin: " + origin))).isEqualTo(101);
    }

    @Test
    final void applicationDecidesWhoMayConnect() {
        serve(
                options -> options.authenticator(request -> {
                    String token = request.queryParameter("token");
                    return CompletableFuture.completedStage(
                            "secret".equals(token) && "1".equals(request.header("X-Extra"))
                                    ? Admission.accept("Alice")
                                    : Admission.refuse(401, "no token\n"));
                }),
                connection -> connection.send(String.valueOf(connection.attachment())));
        assertThat(upgradeStatus(upgrade())).isEqualTo(401);
        List<String> headers = new ArrayList<>(List.of("Upgrade: websocket", "Connection: Upgrade"));
        headers.addAll(List.of(upgrade("X-Extra: 1")));
        assertThat(WebSocketProbe.status(port(), "GET", PATH + "?token=secret", headers.toArray(String[]::new)))
                .isEqualTo(101);
        assertThat(awaitEvent("open").connection().attachment()).isEqualTo("Alice");
    }

    @Test
    final void applicationMayDecideLater() {
        CompletableFuture<Admission> decision = new CompletableFuture<>();
        serve(options -> options.authenticator(request -> decision), connection -> connection.send("welcome"));
        decision.completeOnTimeout(Admission.accept(), 200, TimeUnit.MILLISECONDS);
        assertThat(connect().nextText()).isEqualTo("welcome");
    }

    @Test
    final void authenticatorThatFailsIsAnswered500AndReported() {
        serve(
                options -> options.authenticator(
                        request -> CompletableFuture.failedStage(new IllegalStateException("no database"))),
                connection -> {});
        assertThat(upgradeStatus(upgrade())).isEqualTo(500);
        synchronized (errors) {
            assertThat(errors).hasSize(1);
            errors.clear();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GET " + PATH + " HTTP/1.1\r\nHost: local"})
    final void clientThatDoesNotFinishItsRequestIsCutOff(String beginning) {
        serve(Limits.defaults().upgradeDeadline(SHORT), connection -> {});
        WebSocketProbe silent = WebSocketProbe.connectSilently(port());
        probes.add(silent);
        silent.write(beginning.getBytes(StandardCharsets.US_ASCII));
        assertThat(silent.awaitEnd()).isZero();
    }

    @Test
    final void connectionOutlivesTheDeadlineOfItsUpgrade() {
        serve(Limits.defaults().upgradeDeadline(Duration.ofMillis(100)), subscribing(NEWS));
        WebSocketProbe client = connect();
        awaitEvent("open");
        long untilNs = System.nanoTime() + Duration.ofMillis(500).toNanos();
        await(() -> System.nanoTime() >= untilNs, "the deadline is over");
        bus.publisher().publish(NEWS, "still here");
        assertThat(client.nextText()).isEqualTo("still here");
    }

    @Test
    final void clientIsNotKeptWaitingForADecision() {
        serve(
                options -> options.limits(Limits.defaults().upgradeDeadline(SHORT))
                        .authenticator(request -> new CompletableFuture<>()),
                connection -> {});
        WebSocketProbe waiting = WebSocketProbe.connectSilently(port());
        probes.add(waiting);
        waiting.write(upgradeRequest());
        assertThat(waiting.awaitEnd()).isZero();
    }

    @Test
    final void clientIsNotKeptWaitingForADecisionOnALaterRequest() {
        AtomicInteger asked = new AtomicInteger();
        serve(
                options -> options.limits(Limits.defaults().upgradeDeadline(SHORT))
                        .authenticator(request -> {
                            asked.incrementAndGet();
                            return new CompletableFuture<>();
                        }),
                connection -> {});
        WebSocketProbe waiting = WebSocketProbe.connectSilently(port());
        probes.add(waiting);
        waiting.write("GET /elsewhere HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        waiting.write(upgradeRequest());
        assertThat(waiting.awaitEnd()).as("an answer to the first, if any").isLessThan(1_000);
        assertThat(asked).as("whether the second one was let in").hasValue(1);
    }

    private static byte[] upgradeRequest() {
        return ("GET " + PATH + " HTTP/1.1\r\nHost: localhost\r\n" + String.join("\r\n", upgrade())
                        + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static UnaryOperator<Fanout.Builder> policy(String pattern, SlowConsumerPolicy policy) {
        return options -> options.slowConsumers(SlowConsumers.catchUp().with(pattern, policy));
    }

    /** A client that reads nothing while everything is published and another one keeps up. */
    private WebSocketProbe slowBehindAQuickOne() {
        WebSocketProbe slow = connect(SMALL_BUFFER);
        slowConnection = awaitEvent("open").connection();
        WebSocketProbe quick = connect();
        awaitEvent("open");
        for (int i = 0; i < MESSAGES; i++) {
            bus.publisher().publish(NEWS, i + " " + PADDING);
            quick.nextText();
        }
        return slow;
    }

    private Connection slowConnection() {
        return Objects.requireNonNull(slowConnection, "it has not connected yet");
    }

    private static String[] upgrade(String... more) {
        List<String> headers =
                new ArrayList<>(List.of("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="));
        headers.addAll(List.of(more));
        return headers.toArray(String[]::new);
    }
}
