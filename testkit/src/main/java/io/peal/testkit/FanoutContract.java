package io.peal.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.StartFrom;
import io.peal.fanout.CloseCode;
import io.peal.fanout.Connection;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.DrainReport;
import io.peal.fanout.Limits;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every adapter keeps, tested over real sockets: the numbered promises, RFC 6455, and what an application may rely
 * on. An adapter's test extends this and supplies a server.
 */
public abstract class FanoutContract extends FanoutBed {

    private static final Limits IMPATIENT =
            Limits.defaults().pingAfter(Duration.ofSeconds(1)).deadAfter(Duration.ofSeconds(2));

    // Delivery

    @Test
    final void g1_allConnectionsGetTheMessagesOfAllReplicasInOneOrder() throws Exception {
        serve(subscribing(NEWS));
        List<WebSocketProbe> clients = connected(5);
        try (InMemoryBus other = bus.newReplica()) {
            Thread second = new Thread(() -> publish(other, "b", 200));
            second.start();
            publish(bus, "a", 200);
            second.join();
        }
        List<String> expected = texts(clients.get(0), 400);
        assertThat(expected).doesNotHaveDuplicates();
        for (WebSocketProbe client : clients.subList(1, 5)) {
            assertThat(texts(client, 400)).isEqualTo(expected);
        }
    }

    @Test
    final void g6_nothingIsMissedBehindTheSubscription() {
        serve(connection -> {
            connection.subscribe(NEWS);
            connection.send("hello");
        });
        try (Traffic traffic = new Traffic(1, 50_000)) {
            traffic.start();
            for (int i = 0; i < 50; i++) {
                WebSocketProbe client = connect();
                assertThat(client.nextText()).isEqualTo("hello");
                int next = (int) bus.position().value(); // positions begin at 1 and numbers at 0
                List<Integer> numbers = numbersUpTo(client, next + 5);
                assertThat(numbers).matches(FanoutBed::hasNoHole, "without a hole");
                assertThat(numbers.get(0)).isLessThanOrEqualTo(next);
            }
        }
    }

    @Test
    final void g7_slowConnectionGetsEverythingOnceAndInOrder() {
        serve(subscribing(NEWS));
        WebSocketProbe slow = connect(SMALL_BUFFER);
        WebSocketProbe quick = connect();
        awaitEvents("open", 2);
        String padding = "x".repeat(4_000);
        for (int i = 0; i < 4_000; i++) {
            bus.publisher().publish(NEWS, i + " " + padding);
            if (i % 100 == 0) {
                bus.publisher().publish(OTHER, "not for them");
            }
            if (i % 1_000 == 999) { // a little from time to time, so that it stops and goes on at several places
                assertThat(numbersUpTo(slow, i / 100)).isNotNull();
            }
            quick.nextText();
        }
        List<Integer> rest = numbersUpTo(slow, 3_999);
        assertThat(rest).matches(FanoutBed::hasNoHole, "without a hole").endsWith(3_999);
    }

    @Test
    final void g7_connectionsThatComeAndGoGetEachMessageAtMostOnce() {
        serve(subscribing(NEWS));
        try (Traffic traffic = new Traffic(50, 1_000_000)) {
            traffic.start();
            for (int i = 0; i < 60; i++) {
                try (WebSocketProbe client = WebSocketProbe.connect(port(), PATH)) {
                    assertThat(texts(client, i % 20 + 1).stream()
                                    .map(Integer::parseInt)
                                    .toList())
                            .matches(FanoutBed::hasNoHole, "without a hole");
                }
            }
        }
        await(() -> fanout().connections() == 0, "all connections are gone");
    }

    @Test
    final void g8_subscribingFromAPositionJoinsPastAndPresent() {
        publish(bus, "", 100);
        Position middle = new Position(bus.position().epoch(), 40);
        serve(connection -> connection.subscribe(NEWS, StartFrom.after(middle)));
        WebSocketProbe client = connect();
        for (int i = 100; i < 200; i++) {
            bus.publisher().publish(NEWS, String.valueOf(i));
        }
        assertThat(texts(client, 160).stream().map(Integer::parseInt).toList())
                .isEqualTo(IntStream.range(40, 200).boxed().toList());
    }

    @Test
    final void g8_positionAheadOfWhatTheServerHasReadBringsNothingTwice() {
        AtomicBoolean ahead = new AtomicBoolean();
        serve(connection -> {
            if (ahead.get()) {
                publish(bus, "", 10); // as another replica may do, which the client comes from
                connection.subscribe(
                        NEWS, StartFrom.after(new Position(bus.position().epoch(), 5)));
            } else {
                connection.subscribe(NEWS);
            }
        });
        List<WebSocketProbe> everyLoop = connected(4);
        ahead.set(true);
        WebSocketProbe cameOver = connect();
        assertThat(texts(everyLoop.get(0), 10)).startsWith("0").endsWith("9");
        assertThat(texts(cameOver, 5)).containsExactly("5", "6", "7", "8", "9");
    }

    @Test
    final void g8_whatIsPublishedWhenTheClientIsConnectedReachesItHoweverLateTheHandlerIs() {
        serve(connection -> {
            LockSupport.parkNanos(10_000_000); // the client has its answer, and tells others that it is there
            connection.subscribe(NEWS);
        });
        for (int i = 0; i < 20; i++) {
            bus.publisher().publish(NEWS, "before " + i);
            WebSocketProbe client = connect();
            bus.publisher().publish(NEWS, String.valueOf(i));
            assertThat(client.nextText()).isEqualTo(String.valueOf(i));
        }
    }

    @Test
    final void g8_latestIsWhatIsPublishedFromNowOn() {
        AtomicBoolean late = new AtomicBoolean();
        serve(new ConnectionHandler() {
            @Override
            public void onOpen(Connection connection) {
                if (!late.get()) {
                    connection.subscribe(NEWS);
                }
            }

            @Override
            public void onMessage(Connection connection, PayloadKind kind, ByteBuffer payload) {
                publish(bus, "", 10); // which this event loop has not read yet
                connection.subscribe(NEWS);
                connection.send("subscribed");
            }
        });
        List<WebSocketProbe> everyLoop = connected(4);
        late.set(true);
        WebSocketProbe latecomer = connected(1).get(0);
        latecomer.sendText("subscribe me");
        assertThat(latecomer.nextText()).isEqualTo("subscribed");
        bus.publisher().publish(NEWS, "10");
        assertThat(texts(everyLoop.get(0), 11)).startsWith("0").endsWith("10");
        assertThat(latecomer.nextText()).isEqualTo("10");
    }

    @Test
    final void g8_positionOfAnotherEpochIsRefusedWithTheReason() {
        Position foreign = new Position(bus.position().epoch() + 1, 0);
        serve(connection -> connection.subscribe(NEWS, StartFrom.after(foreign)));
        WebSocketProbe client = connect();
        WebSocketProbe.Frame close = client.nextClose();
        assertThat(close.closeCode()).isEqualTo(CloseCode.POLICY_VIOLATION);
        assertThat(close.text()).contains("cannot resume");
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    final void g9_stalledConnectionIsClosedAndHoldsNothing() {
        serve(Limits.defaults().stall(Duration.ofSeconds(1)), subscribing(NEWS));
        WebSocketProbe stalled = connect(SMALL_BUFFER);
        WebSocketProbe quick = connect();
        awaitEvents("open", 2);
        String large = "x".repeat(64 * 1024);
        for (int i = 0; i < 400; i++) {
            bus.publisher().publish(NEWS, large);
            quick.nextText();
        }
        await(() -> fanout().connections() == 1, "the stalled connection is closed");
        assertThat(stalled.awaitEnd())
                .as("what fits into the buffers of two sockets")
                .isLessThan(16 << 20);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    final void g9_whatIsSentDirectlyToAStalledConnectionIsBounded() {
        serve(Limits.defaults().unsentLength(100_000), connection -> {});
        connect(SMALL_BUFFER);
        Connection connection = awaitEvent("open").connection();
        String text = "x".repeat(50_000);
        for (int i = 0; i < 2_000 && fanout().connections() > 0; i++) {
            connection.send(text);
            LockSupport.parkNanos(100_000);
        }
        await(() -> fanout().connections() == 0, "the connection is closed");
        assertThat(awaitEvent("close").detail()).isNotEmpty();
    }

    /** RFC 6455 section 5.5.3: of several pings that wait for an answer only the newest needs one. */
    @Test
    @Execution(ExecutionMode.CONCURRENT)
    final void g9_answersToPingsOfAClientThatDoesNotReadAreNotKept() {
        serve(connection -> {});
        WebSocketProbe client = connect(SMALL_BUFFER);
        byte[] ping = new byte[125];
        for (int i = 0; i < 100_000; i++) { // 12 MB
            client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.PING, ping);
        }
        byte[] last = "the last one".getBytes(UTF_8);
        client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.PING, last);
        client.sendText("all of them were taken");
        awaitEvent("message");
        int answers = 0;
        for (WebSocketProbe.Frame pong = client.next(); !Arrays.equals(pong.payload(), last); pong = client.next()) {
            answers++;
        }
        assertThat(answers).as("what fits into the buffers of two sockets").isLessThan(20_000);
    }

    @Test
    final void aConnectionThatUnsubscribesGetsNoMore() {
        serve(connection -> {
            connection.subscribe(NEWS);
            connection.subscribe(OTHER);
        });
        WebSocketProbe client = connect();
        Connection connection = awaitEvent("open").connection();
        bus.publisher().publish(NEWS, "first");
        assertThat(client.nextText()).isEqualTo("first");
        connection.unsubscribe(NEWS);
        await(() -> connection.topics().equals(List.of(OTHER)), "the subscription has ended");
        bus.publisher().publish(NEWS, "second");
        bus.publisher().publish(OTHER, "third");
        assertThat(client.nextText()).isEqualTo("third");
    }

    @Test
    final void topicsKeepTheOrderOfTheLog() {
        serve(connection -> {
            connection.subscribe(NEWS);
            connection.subscribe(OTHER);
        });
        WebSocketProbe client = connect();
        awaitEvent("open");
        for (int i = 0; i < 1_000; i++) {
            bus.publisher().publish(i % 3 == 0 ? NEWS : OTHER, String.valueOf(i));
        }
        assertThat(texts(client, 1_000).stream().map(Integer::parseInt).toList())
                .isEqualTo(IntStream.range(0, 1_000).boxed().toList());
    }

    @Test
    final void directSendsComeInTheOrderOfTheirCalls() {
        serve(connection -> {});
        WebSocketProbe client = connect();
        Connection connection = awaitEvent("open").connection();
        for (int i = 0; i < 500; i++) {
            connection.send(String.valueOf(i));
        }
        assertThat(numbersUpTo(client, 499)).hasSize(500).matches(FanoutBed::hasNoHole, "without a hole");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 125, 126, 127, 65_535, 65_536, 200_000})
    final void payloadOfEveryLengthArrivesUnchanged(int length) {
        serve(subscribing(NEWS));
        WebSocketProbe client = connect();
        awaitEvent("open");
        byte[] payload = new byte[length];
        for (int i = 0; i < length; i++) {
            payload[i] = (byte) (i * 31);
        }
        bus.publisher().publish(NEWS, payload);
        WebSocketProbe.Frame frame = client.next();
        assertThat(frame.firstByte()).isEqualTo(WebSocketProbe.FIN | WebSocketProbe.BINARY);
        assertThat(frame.payload()).isEqualTo(payload);
    }

    // What clients send

    @Test
    final void messagesOfTheClientReachTheApplication() {
        serve(connection -> {});
        WebSocketProbe client = connect();
        client.sendText("grüße");
        assertThat(awaitEvent("message").detail()).isEqualTo("TEXT grüße");
        client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.BINARY, "bytes".getBytes(UTF_8));
        assertThat(awaitEvent("message").detail()).isEqualTo("BINARY bytes");
        client.sendText("");
        assertThat(awaitEvent("message").detail()).isEqualTo("TEXT ");
    }

    @Test
    final void fragmentsWithAPingBetweenThemAreOneMessage() {
        serve(connection -> {});
        WebSocketProbe client = connect();
        byte[] text = "grüße".getBytes(UTF_8); // the cut goes through the second byte of a character
        client.sendFrame(WebSocketProbe.TEXT, new byte[] {text[0], text[1], text[2]});
        client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.PING, "now".getBytes(UTF_8));
        assertThat(client.next().firstByte()).isEqualTo(WebSocketProbe.FIN | WebSocketProbe.PONG);
        client.sendFrame(WebSocketProbe.CONTINUATION, new byte[] {text[3]});
        client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.CONTINUATION, new byte[] {text[4], text[5], text[6]});
        assertThat(awaitEvent("message").detail()).isEqualTo("TEXT grüße");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 125})
    final void pingIsAnsweredWithItsPayload(int length) {
        serve(connection -> {});
        WebSocketProbe client = connect();
        byte[] payload = "p".repeat(length).getBytes(UTF_8);
        client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.PING, payload);
        WebSocketProbe.Frame pong = client.next();
        assertThat(pong.firstByte()).isEqualTo(WebSocketProbe.FIN | WebSocketProbe.PONG);
        assertThat(pong.payload()).isEqualTo(payload);
    }

    @Test
    final void unaskedPongIsIgnored() {
        serve(connection -> {});
        WebSocketProbe client = connect();
        client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.PONG, new byte[0]);
        client.sendText("still here");
        assertThat(awaitEvent("message").detail()).isEqualTo("TEXT still here");
    }

    @Test
    final void whatTheApplicationThrowsClosesThatConnectionOnly() {
        serve(new ConnectionHandler() {
            @Override
            public void onOpen(Connection connection) {
                connection.subscribe(NEWS);
            }

            @Override
            public void onMessage(Connection connection, PayloadKind kind, ByteBuffer payload) {
                throw new IllegalStateException("on purpose");
            }
        });
        WebSocketProbe unlucky = connect();
        WebSocketProbe other = connect();
        awaitEvents("open", 2);
        unlucky.sendText("throw");
        assertThat(unlucky.nextClose().closeCode()).isEqualTo(CloseCode.INTERNAL_ERROR);
        bus.publisher().publish(NEWS, "to the other");
        assertThat(other.nextText()).isEqualTo("to the other");
        synchronized (errors) {
            assertThat(errors).singleElement().matches(error -> "on purpose".equals(error.getMessage()));
            errors.clear();
        }
    }

    // Violations (RFC 6455 sections 5 and 7)

    @Test
    final void frameOverTheLimitIsClosedWith1009() {
        serve(Limits.defaults().inboundFrameLength(1_000), connection -> {});
        refusedWith(CloseCode.MESSAGE_TOO_BIG, client -> client.sendText("x".repeat(1_001)));
    }

    @Test
    final void messageOverTheLimitIsClosedWith1009() {
        serve(Limits.defaults().inboundFrameLength(1_000).inboundMessageLength(1_500), connection -> {});
        refusedWith(CloseCode.MESSAGE_TOO_BIG, client -> {
            client.sendFrame(WebSocketProbe.TEXT, "x".repeat(1_000).getBytes(UTF_8));
            client.sendFrame(
                    WebSocketProbe.FIN | WebSocketProbe.CONTINUATION,
                    "x".repeat(501).getBytes(UTF_8));
        });
    }

    @Test
    final void frameThatClaimsToBeHugeIsClosedWith1009BeforeItsBytesCome() {
        serve(connection -> {});
        refusedWith(
                CloseCode.MESSAGE_TOO_BIG,
                client -> client.write(new byte[] {
                    (byte) (WebSocketProbe.FIN | WebSocketProbe.BINARY), (byte) 0xff, 0x7f, -1, -1, -1, -1, -1, -1, -1
                }));
    }

    /** It gets its Close, and what it sends from then on must not keep the event loop busy. */
    @Test
    @Execution(ExecutionMode.CONCURRENT)
    final void clientThatBreaksTheProtocolAndNeverStopsIsCutOffAndDisturbsNobody() {
        serve(subscribing(NEWS));
        List<WebSocketProbe> others = connected(4);
        List<Thread> floods = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            WebSocketProbe violator = connect();
            Thread flood = new Thread(() -> {
                try {
                    violator.write(new byte[] {(byte) 0x83, (byte) 0x80, 0, 0, 0, 0}); // an opcode that is none
                    while (true) {
                        violator.write(new byte[64 * 1024]);
                    }
                } catch (UncheckedIOException cutOff) {
                    return;
                }
            });
            flood.start();
            floods.add(flood);
        }
        awaitEvents("close", 4);
        for (int i = 0; i < 20; i++) {
            bus.publisher().publish(NEWS, String.valueOf(i));
            for (WebSocketProbe other : others) {
                assertThat(other.nextText()).isEqualTo(String.valueOf(i));
            }
        }
        floods.forEach(FanoutBed::join);
    }

    @Test
    final void textThatIsNotUtf8IsClosedWith1007() {
        serve(connection -> {});
        refusedWith(
                CloseCode.INVALID_PAYLOAD,
                client -> client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.TEXT, new byte[] {'a', (byte) 0xff}));
    }

    @Test
    final void textThatEndsWithinACharacterIsClosedWith1007() {
        serve(connection -> {});
        refusedWith(CloseCode.INVALID_PAYLOAD, client -> {
            client.sendFrame(WebSocketProbe.TEXT, new byte[] {'a'});
            client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.CONTINUATION, new byte[] {(byte) 0xc3});
        });
    }

    @Test
    final void unmaskedFrameIsClosedWith1002() {
        serve(connection -> {});
        refusedWith(
                CloseCode.PROTOCOL_ERROR,
                client -> client.sendUnmasked(WebSocketProbe.FIN | WebSocketProbe.TEXT, "a".getBytes(UTF_8)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0x40, 0x20, 0x10, 0x70})
    final void reservedBitIsClosedWith1002(int bits) {
        serve(connection -> {});
        refusedWith(
                CloseCode.PROTOCOL_ERROR,
                client -> client.sendFrame(WebSocketProbe.FIN | bits | WebSocketProbe.TEXT, "a".getBytes(UTF_8)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0x3, 0x7, 0xb, 0xf})
    final void unknownOpcodeIsClosedWith1002(int opcode) {
        serve(connection -> {});
        refusedWith(CloseCode.PROTOCOL_ERROR, client -> client.sendFrame(WebSocketProbe.FIN | opcode, new byte[0]));
    }

    @Test
    final void controlFrameThatIsFragmentedIsClosedWith1002() {
        serve(connection -> {});
        refusedWith(CloseCode.PROTOCOL_ERROR, client -> client.sendFrame(WebSocketProbe.PING, new byte[0]));
    }

    @Test
    final void controlFrameThatIsTooLongIsClosedWith1002() {
        serve(connection -> {});
        refusedWith(
                CloseCode.PROTOCOL_ERROR,
                client -> client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.PING, new byte[126]));
    }

    @Test
    final void continuationOfNothingIsClosedWith1002() {
        serve(connection -> {});
        refusedWith(
                CloseCode.PROTOCOL_ERROR,
                client -> client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.CONTINUATION, new byte[1]));
    }

    @Test
    final void messageWithinAMessageIsClosedWith1002() {
        serve(connection -> {});
        refusedWith(CloseCode.PROTOCOL_ERROR, client -> {
            client.sendFrame(WebSocketProbe.TEXT, "a".getBytes(UTF_8));
            client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.TEXT, "b".getBytes(UTF_8));
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535})
    final void closeCodeThatMustNotBeSentIsAnsweredWith1002(int code) {
        serve(connection -> {});
        refusedWith(CloseCode.PROTOCOL_ERROR, client -> client.sendClose(code));
    }

    @Test
    final void closeOfOneByteIsAnsweredWith1002() {
        serve(connection -> {});
        refusedWith(
                CloseCode.PROTOCOL_ERROR,
                client -> client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.CLOSE, new byte[] {3}));
    }

    // Closing

    @ParameterizedTest
    @ValueSource(ints = {1000, 1001, 1003, 1011, 3000, 4999})
    final void closeOfTheClientIsAnsweredWithItsCode(int code) {
        serve(connection -> {});
        WebSocketProbe client = connect();
        client.sendClose(code);
        assertThat(client.nextClose().closeCode()).isEqualTo(code);
        assertThat(client.awaitEnd()).isZero();
        assertThat(awaitEvent("close").detail()).startsWith(code + " ");
    }

    @Test
    final void closeWithoutACodeIsAnsweredWithoutOne() {
        serve(connection -> {});
        WebSocketProbe client = connect();
        client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.CLOSE, new byte[0]);
        assertThat(client.nextClose().payload()).isEmpty();
        assertThat(awaitEvent("close").detail()).startsWith("1005 ");
    }

    @Test
    final void applicationClosesBehindWhatItSent() {
        serve(connection -> {
            connection.send("last words");
            connection.close(4000, "good bye");
            connection.send("never sent");
        });
        WebSocketProbe client = connect();
        assertThat(client.nextText()).isEqualTo("last words");
        WebSocketProbe.Frame close = client.next();
        assertThat(close.closeCode()).isEqualTo(4000);
        assertThat(close.text()).endsWith("good bye");
        client.sendClose(4000);
        assertThat(client.awaitEnd()).isZero();
        assertThat(awaitEvent("close").detail()).startsWith("4000 ");
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    final void clientThatNeverAnswersACloseIsCutOff() {
        serve(connection -> connection.close(CloseCode.NORMAL, ""));
        WebSocketProbe client = connect();
        assertThat(client.nextClose().closeCode()).isEqualTo(CloseCode.NORMAL);
        assertThat(client.awaitEnd()).isZero();
        assertThat(awaitEvent("close").detail()).startsWith("1006 ");
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    final void clientThatClosesAndReadsNothingIsCutOff() {
        serve(subscribing(NEWS));
        WebSocketProbe client = connect(SMALL_BUFFER);
        awaitEvent("open");
        String large = "x".repeat(64 * 1024);
        for (int i = 0; i < 400; i++) {
            bus.publisher().publish(NEWS, large);
        }
        client.sendClose(1000);
        await(() -> isBroken(client), "the server's end is gone, although its answer could not be sent");
    }

    private static boolean isBroken(WebSocketProbe client) {
        try {
            client.sendText("still there?");
            return false;
        } catch (UncheckedIOException reset) {
            return true;
        }
    }

    @Test
    final void connectionThatBreaksIsReportedWith1006() {
        serve(subscribing(NEWS));
        connect().close();
        assertThat(awaitEvent("close").detail()).startsWith("1006 ");
        await(() -> fanout().connections() == 0, "it is not counted any more");
    }

    @Test
    final void closingTheFanoutClosesEveryConnectionWith1001() {
        serve(subscribing(NEWS));
        List<WebSocketProbe> clients = connected(10);
        fanout().close();
        for (WebSocketProbe client : clients) {
            assertThat(client.nextClose().closeCode()).isEqualTo(CloseCode.GOING_AWAY);
            client.sendClose(CloseCode.GOING_AWAY);
            assertThat(client.awaitEnd()).isZero();
        }
        await(() -> fanout().connections() == 0, "all connections are gone");
        assertThat(upgradeStatus("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
                .isEqualTo(503);
    }

    @Test
    final void g11_drainDeliversEverythingAndClosesWith1012() throws Exception {
        serve(subscribing(NEWS));
        List<WebSocketProbe> clients = connected(20);
        publish(bus, "n", 500);
        FutureTask<DrainReport> draining = draining(Duration.ofMillis(200));
        for (WebSocketProbe client : clients) {
            assertThat(texts(client, 500)).last().isEqualTo("n499");
            assertThat(client.nextClose().closeCode()).isEqualTo(CloseCode.SERVICE_RESTART);
            client.sendClose(CloseCode.SERVICE_RESTART);
        }
        assertThat(draining.get()).isEqualTo(new DrainReport(20, 0));
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    final void g11_drainSpreadsTheClosesAndRefusesUpgrades() throws Exception {
        serve(subscribing(NEWS));
        List<WebSocketProbe> clients = connected(10);
        long begin = System.nanoTime();
        FutureTask<DrainReport> draining = draining(Duration.ofSeconds(1));
        await(() -> !fanout().isAccepting(), "it is draining");
        assertThat(upgradeStatus("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
                .isEqualTo(503);
        await(() -> closed(events) >= 1, "the first is closed");
        assertThat(fanout().connections()).as("not all at once").isGreaterThan(1);
        for (WebSocketProbe client : clients) {
            assertThat(client.nextClose().closeCode()).isEqualTo(CloseCode.SERVICE_RESTART);
            client.sendClose(CloseCode.SERVICE_RESTART);
        }
        assertThat(draining.get().remaining()).isZero();
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(800));
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    final void g11_drainDoesNotWaitForWhoTakesNothing() throws Exception {
        serve(subscribing(NEWS));
        connect(SMALL_BUFFER);
        awaitEvent("open");
        publish(bus, "x".repeat(20_000), 500);
        DrainReport report = draining(Duration.ZERO).get();
        assertThat(report.connections()).isEqualTo(1);
        assertThat(awaitEvent("close").detail()).isNotEmpty();
    }

    // Heartbeats

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    final void silentClientIsPingedAndThenClosed() {
        serve(IMPATIENT, subscribing(NEWS));
        WebSocketProbe client = connect();
        assertThat(client.next().opcode()).isEqualTo(WebSocketProbe.PING);
        WebSocketProbe.Frame close = client.nextClose();
        assertThat(close.closeCode()).isEqualTo(CloseCode.TRY_AGAIN_LATER);
        assertThat(new String(close.payload(), UTF_8)).contains("no sign of life");
        assertThat(awaitEvent("close").detail()).startsWith("1006 ");
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    final void clientThatAnswersPingsStays() {
        serve(IMPATIENT, subscribing(NEWS));
        WebSocketProbe client = connect();
        for (int i = 0; i < 3; i++) {
            WebSocketProbe.Frame ping = client.next();
            assertThat(ping.opcode()).isEqualTo(WebSocketProbe.PING);
            client.sendFrame(0x80 | WebSocketProbe.PONG, ping.payload());
        }
        bus.publisher().publish(NEWS, "still here");
        assertThat(client.nextText()).isEqualTo("still here");
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    final void clientThatTalksIsNotPinged() {
        serve(IMPATIENT, subscribing(NEWS));
        WebSocketProbe client = connect();
        long end = System.nanoTime() + Duration.ofSeconds(2).toNanos();
        while (System.nanoTime() < end) {
            client.sendText("hello");
            LockSupport.parkNanos(100_000_000);
        }
        bus.publisher().publish(NEWS, "first frame");
        assertThat(client.next().text()).isEqualTo("first frame");
    }

    // The upgrade (RFC 6455 section 4.2)

    @Test
    final void requestThatIsNoUpgradeIsAnsweredWith426() {
        serve(connection -> {});
        assertThat(WebSocketProbe.status(port(), "GET", PATH)).isEqualTo(426);
        assertThat(WebSocketProbe.status(port(), "POST", PATH, "Upgrade: websocket", "Connection: Upgrade"))
                .isEqualTo(426);
    }

    @Test
    final void upgradeOfAnotherVersionIsAnsweredWith426() {
        serve(connection -> {});
        assertThat(upgradeStatus("Sec-WebSocket-Version: 12", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
                .isEqualTo(426);
    }

    @Test
    final void upgradeWithoutAKeyIsAnsweredWith400() {
        serve(connection -> {});
        assertThat(upgradeStatus("Sec-WebSocket-Version: 13")).isEqualTo(400);
    }

    @Test
    final void queryReachesTheApplication() {
        serve(connection -> connection.send(connection.queryParameter("name") + " " + connection.uri()));
        WebSocketProbe client = WebSocketProbe.connect(port(), PATH + "?name=J%C3%BCrgen&x=1");
        probes.add(client);
        assertThat(client.nextText()).isEqualTo("Jürgen " + PATH + "?name=J%C3%BCrgen&x=1");
    }
}
