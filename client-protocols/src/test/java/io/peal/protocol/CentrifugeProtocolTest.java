package io.peal.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.Topic;
import io.peal.fanout.Fanout;
import io.peal.fanout.Limits;
import io.peal.fanout.SlowConsumerPolicy;
import io.peal.fanout.SlowConsumers;
import io.peal.testkit.InMemoryBus;
import io.peal.testkit.WebSocketProbe;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The protocol on real sockets, on each server. */
@ParameterizedClass
@EnumSource
@Timeout(60)
final class CentrifugeProtocolTest {

    enum Kind {
        NETTY,
        JETTY
    }

    private static final Topic NEWS = TestServer.NEWS;

    @Parameter
    private Kind kind = Kind.NETTY;

    private final List<TestClient> clients = new ArrayList<>();
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final BlockingQueue<Throwable> errors = new LinkedBlockingQueue<>();
    private final BlockingQueue<CentrifugeClient> known = new LinkedBlockingQueue<>();
    private final Map<String, CompletableFuture<RpcReply>> calls = new ConcurrentHashMap<>();
    private InMemoryBus bus = InMemoryBus.create();
    private @Nullable Fanout fanout;
    private @Nullable TestServer server;

    @AfterEach
    void stop() {
        clients.forEach(TestClient::close);
        if (fanout != null && server != null) {
            fanout.close();
            server.close();
        }
        bus.close();
        assertThat(errors).as("errors that nobody expected").isEmpty();
    }

    // Publications.

    @Test
    void publicationsComeAsTheProtocolPushesThemAndRawAsTheyAre() {
        serve(options -> options);
        TestClient client = connected();
        JsonNode subscribed = client.subscribe("news");
        WebSocketProbe raw = rawClient();
        long before = bus.position().value();
        assertThat(subscribed.get("offset").asLong()).isEqualTo(before);
        assertThat(subscribed.get("epoch").asText()).isEqualTo(epoch());
        assertThat(subscribed.get("recoverable").asBoolean()).isTrue();
        assertThat(subscribed.get("positioned").asBoolean()).isTrue();
        assertThat(subscribed.has("recovered")).isFalse();

        for (String payload : List.of("{\"n\":1}", "text", "[2]")) {
            bus.publisher().publish(NEWS, payload);
            assertThat(raw.nextText()).isEqualTo(payload);
        }
        JsonNode first = client.next();
        assertThat(first)
                .hasToString("{\"push\":{\"channel\":\"news\",\"pub\":{\"data\":{\"n\":1},\"offset\":" + (before + 1)
                        + "}}}");
        assertThat(List.of(client.nextData(), client.nextData())).containsExactly("\"text\"", "[2]");
        raw.close();
    }

    @Test
    void bytesComeInBase64() {
        serve(options -> options);
        TestClient client = connected();
        client.subscribe("news");
        bus.publisher().publish(NEWS, ByteBuffer.wrap(new byte[] {1, 2, 3}), PayloadKind.BINARY);
        assertThat(client.nextData()).isEqualTo("\"AQID\"");
    }

    @Test
    void aClientThatReadsLateGetsEverythingInOrder() {
        serve(options -> options.limits(Limits.defaults().socketBufferLength(4_096)));
        TestClient client = connected(4_096);
        client.subscribe("news");
        TestClient quick = connected();
        quick.subscribe("news");
        String filling = "x".repeat(2_000);
        for (int i = 0; i < 3_000; i++) {
            bus.publisher().publish(NEWS, "{\"n\":" + i + ",\"f\":\"" + filling + "\"}");
        }
        for (TestClient each : List.of(quick, client)) {
            long last = 0;
            for (int i = 0; i < 3_000; i++) {
                JsonNode pub = each.next().at("/push/pub");
                assertThat(pub.at("/data/n").asInt()).isEqualTo(i);
                assertThat(pub.get("offset").asLong()).isGreaterThan(last);
                last = pub.get("offset").asLong();
            }
        }
    }

    @Test
    void unsubscribedIsSilent() {
        serve(options -> options);
        TestClient client = connected();
        client.subscribe("news");
        client.subscribe("other");
        assertThat(client.ask("{'id':4,'unsubscribe':{'channel':'news'}}").has("unsubscribe"))
                .isTrue();
        bus.publisher().publish(NEWS, "1");
        bus.publisher().publish(Topic.of("other"), "2");
        assertThat(client.nextData()).isEqualTo("2");
        assertThat(client.ask("{'id':5,'unsubscribe':{'channel':'never'}}").has("unsubscribe"))
                .isTrue();
    }

    @Test
    void aMessageWithoutAFormClosesThoseThatWereToGetIt() throws InterruptedException {
        serve(options -> options, new CentrifugeApplication() {
            @Override
            public String channelOf(Topic topic) {
                throw new IllegalStateException("thrown by a test's application");
            }
        });
        TestClient client = connected();
        client.subscribe("news");
        WebSocketProbe raw = rawClient();
        bus.publisher().publish(NEWS, "1");
        assertThat(client.closeCode()).isEqualTo(1011);
        assertThat(raw.nextText()).as("another form is not concerned").isEqualTo("1");
        raw.close();
        TestClient late = connected();
        late.recover("news", 0, epoch());
        assertThat(late.closeCode()).as("neither does one that reads by itself").isEqualTo(1011);
        assertThat(errors.poll(5, TimeUnit.SECONDS)).hasMessageContaining("thrown by a test");
        assertThat(errors.poll(5, TimeUnit.SECONDS)).hasMessageContaining("thrown by a test");
    }

    // Recovery.

    @Test
    void g8_recoversWhatWasMissedThenGoesOn() {
        serve(options -> options);
        publish("1", "2", "3", "4");
        long second = bus.position().value() - 2;
        TestClient client = connected();
        JsonNode subscribed = client.recover("news", second, epoch());
        assertThat(subscribed.get("was_recovering").asBoolean()).isTrue();
        assertThat(subscribed.get("recovered").asBoolean()).isTrue();
        assertThat(subscribed.get("offset").asLong())
                .as("the client's own: what it has not got yet is not its position")
                .isEqualTo(second);
        publish("5");
        assertThat(List.of(client.nextData(), client.nextData(), client.nextData()))
                .containsExactly("3", "4", "5");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0000000000000000", "", "e1", "other epoch", "-", "FFFFFFFFFFFFFFFF"})
    void g8_anotherLifeIsNotRecovered(String epoch) {
        serve(options -> options);
        publish("1", "2");
        TestClient client = connected();
        JsonNode subscribed = client.recover("news", 1, epoch);
        notRecovered(subscribed);
        publish("3");
        assertThat(client.nextData()).isEqualTo("3");
    }

    @Test
    void g8_aTrimmedPlaceIsNotRecovered() {
        bus.close();
        bus = InMemoryBus.retaining(10);
        serve(options -> options);
        publish(IntStream.range(0, 50).mapToObj(String::valueOf).toArray(String[]::new));
        TestClient client = connected();
        notRecovered(client.recover("news", 5, epoch()));
        assertThat(client.ask("{'id':9,'history':{'channel':'news','limit':5,'since':{'offset':5,'epoch':'" + epoch()
                                + "'}}}")
                        .at("/error/code")
                        .asInt())
                .isEqualTo(112);
    }

    @Test
    void g8_aPlaceThatWasNeverWrittenIsNotRecovered() {
        serve(options -> options);
        publish("1");
        notRecovered(connected().recover("news", 1_000_000, epoch()));
    }

    private void notRecovered(JsonNode subscribed) {
        assertThat(subscribed.get("was_recovering").asBoolean()).isTrue();
        assertThat(subscribed.get("recovered").asBoolean()).isFalse();
        assertThat(subscribed.get("epoch").asText()).isEqualTo(epoch());
        assertThat(subscribed.get("offset").asLong()).isEqualTo(bus.position().value());
    }

    // Commands.

    @Test
    void connectionSaysWhatItIs() {
        serve(options -> options);
        TestClient client = client(0);
        JsonNode connect = client.ask("{'id':1,'connect':{'name':'test'}}").get("connect");
        assertThat(connect.get("client").asText()).hasSize(36);
        assertThat(connect.get("version").asText()).startsWith("peal");
        assertThat(connect.get("ping").asInt()).isEqualTo(25);
        assertThat(connect.get("pong").asBoolean()).isTrue();
        assertThat(connect.has("subs")).isFalse();
    }

    @Test
    void commandsOfOneFrameAreAnsweredInOne() {
        serve(options -> options);
        TestClient client = client(0);
        client.send(
                "{'id':1,'connect':{}}\n{'id':2,'subscribe':{'channel':'a'}}\n{'id':3,'subscribe':{'channel':'b'}}");
        assertThat(List.of(client.next(), client.next(), client.next()))
                .extracting(answer -> answer.get("id").asInt())
                .containsExactly(1, 2, 3);
        assertThat(client.frames()).isEqualTo(1);
    }

    @Test
    void publishingIsRefusedUnlessItIsAllowed() {
        serve(options -> options);
        TestClient client = connected();
        assertThat(client.ask("{'id':4,'publish':{'channel':'news','data':{}}}")
                        .at("/error/code")
                        .asInt())
                .isEqualTo(103);
        assertThat(bus.position().value()).isZero();
    }

    @Test
    void publishesWhatIsAllowed() {
        serve(options -> options, everythingAllowed());
        TestClient client = connected();
        WebSocketProbe raw = rawClient();
        assertThat(client.ask("{'id':4,'publish':{'channel':'news','data':{'a': 1.50}}}")
                        .has("publish"))
                .isTrue();
        assertThat(raw.nextText()).as("byte for byte").isEqualTo("{\"a\": 1.50}");
        raw.close();
        assertThat(error(client, "{'id':5,'publish':{'channel':'news'}}")).isEqualTo(107);
        String tooLong = "x".repeat(bus.maxPayloadLength());
        if (tooLong.length() < 200_000) {
            assertThat(error(client, "{'id':6,'publish':{'channel':'news','data':'" + tooLong + "'}}"))
                    .isEqualTo(106);
        }
    }

    @Test
    void mistakesOfACommandAreItsAnswer() {
        serve(options -> options.limits(Limits.defaults().subscriptions(2)));
        TestClient client = connected();
        client.subscribe("news");
        assertThat(error(client, "{'id':3,'subscribe':{'channel':'news'}}")).isEqualTo(105);
        assertThat(error(client, "{'id':4,'subscribe':{'channel':''}}")).isEqualTo(102);
        assertThat(error(client, "{'id':5,'subscribe':{'channel':'" + "x".repeat(256) + "'}}"))
                .isEqualTo(102);
        assertThat(error(client, "{'id':6,'presence':{'channel':'news'}}")).isEqualTo(108);
        assertThat(error(client, "{'id':7,'rpc':{'method':'none'}}")).isEqualTo(104);
        client.subscribe("second");
        assertThat(error(client, "{'id':8,'subscribe':{'channel':'third'}}")).isEqualTo(106);
        publish("still here");
        assertThat(client.nextData()).isEqualTo("\"still here\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "hello",
                "{",
                "[]",
                "{'id':2}",
                "{'id':1,'connect':{}}",
                "{'subscribe':{'channel':'news'}}",
                "{'id':2,'subscribe':5}"
            })
    void whatIsNoCommandCloses(String frame) {
        serve(options -> options);
        assertThat(connected().send(frame).closeCode()).isEqualTo(3501);
    }

    @Test
    void theFirstCommandConnects() {
        serve(options -> options);
        assertThat(client(0).send("{'id':1,'subscribe':{'channel':'news'}}").closeCode())
                .isEqualTo(3501);
        assertThat(client(0).send("{}").closeCode()).isEqualTo(3501);
    }

    @Test
    void bytesClose() {
        serve(options -> options);
        TestClient client = connected();
        client.probe().sendFrame(WebSocketProbe.FIN | WebSocketProbe.BINARY, new byte[] {1});
        assertThat(client.closeCode()).isEqualTo(3506);
    }

    @Test
    void tooManyCommandsOfAFrameClose() {
        serve(options -> options.limits(Limits.defaults().subscriptions(1)));
        TestClient client = connected();
        StringBuilder frame = new StringBuilder();
        IntStream.range(2, 70).forEach(id -> frame.append("{'id':").append(id).append(",'ping':{}}"));
        assertThat(client.send(frame.toString()).closeCode()).isEqualTo(3501);
    }

    @Test
    void whateverIsSentIsAnsweredInJsonOrCloses() {
        serve(options -> options.limits(Limits.defaults().inboundRate(0, 1).subscriptions(3)), everythingAllowed());
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int answers = 0;
        for (int round = 0; round < 150; round++) {
            TestClient client = client(0);
            if (random.nextInt(10) > 0) {
                client.connect();
            }
            StringBuilder sent = new StringBuilder();
            for (int i = 0; i < 20; i++) {
                String frame = randomCommands(random);
                sent.append(frame).append('\n');
                client.send(frame);
            }
            client.send("{'id':4242,'ping':{}}");
            answers += answersUpToThePing(client, "seed " + seed + ": " + sent);
            client.close();
        }
        assertThat(answers).isGreaterThan(500);
    }

    /** Each is read as JSON, whatever it is; a close ends it, too. */
    private int answersUpToThePing(TestClient client, String sent) {
        for (int answers = 0; ; answers++) {
            try {
                if (client.next().path("id").asInt() == 4242) {
                    return answers;
                }
            } catch (IllegalStateException closed) {
                assertThat(errors).as(sent).isEmpty();
                assertThat(closed).as(sent).hasMessageMatching(".*closing with 3(013|501).*");
                return answers;
            }
        }
    }

    private static String randomCommands(Random random) {
        List<String> kinds = List.of(
                "subscribe",
                "unsubscribe",
                "publish",
                "history",
                "rpc",
                "send",
                "ping",
                "presence",
                "refresh",
                "connect");
        List<String> fields = List.of(
                "'channel':'news'",
                "'channel':'a'",
                "'channel':''",
                "'data':{'n':[1,null]}",
                "'data':'text'",
                "'recover':true",
                "'offset':" + random.nextInt(50),
                "'offset':9223372036854775807",
                "'epoch':'0123456789abcdef'",
                "'limit':" + (random.nextInt(20) - 5),
                "'reverse':true",
                "'since':{'offset':1,'epoch':'x'}",
                "'method':'m'",
                "'what':[{}]");
        StringBuilder frame = new StringBuilder();
        for (int i = random.nextInt(3); i >= 0; i--) {
            int kind = random.nextInt(50);
            String id = random.nextInt(30) == 0 ? "" : "'id':" + (1 + random.nextInt(4_000)) + ",";
            StringBuilder body = new StringBuilder();
            for (int field = random.nextInt(4); field > 0; field--) {
                body.append(body.length() == 0 ? "" : ",").append(fields.get(random.nextInt(fields.size())));
            }
            String name = kinds.get(kind < 45 ? kind % 8 : kind % kinds.size());
            frame.append('{')
                    .append(id)
                    .append('\'')
                    .append(name)
                    .append("':{")
                    .append(body)
                    .append("}}");
        }
        if (random.nextInt(100) == 0) {
            frame.deleteCharAt(random.nextInt(frame.length()));
        }
        return frame.toString();
    }

    // History.

    @Test
    void historyIsReadBothWays() {
        serve(options -> options);
        publish("1", "2");
        bus.publisher().publish(Topic.of("other"), "no");
        publish("3", "4", "5");
        TestClient client = connected();
        assertThat(history(client, "'limit':0")).isEmpty();
        assertThat(history(client, "'limit':0,'reverse':true")).isEmpty();
        assertThat(history(client, "'limit':2")).containsExactly("1", "2");
        assertThat(history(client, "'limit':-1")).containsExactly("1", "2", "3", "4", "5");
        assertThat(history(client, "'limit':2,'reverse':true")).containsExactly("5", "4");
        String since = "'since':{'offset':2,'epoch':'" + epoch() + "'}";
        assertThat(history(client, "'limit':2," + since)).containsExactly("3", "4");
        assertThat(history(client, "'limit':9,'reverse':true," + since)).containsExactly("1");
        for (String foreign : List.of("x", String.format("%016x", bus.position().epoch() + 1))) {
            String from = "'since':{'offset':3,'epoch':'" + foreign + "'}";
            assertThat(error(client, "{'id':9,'history':{'channel':'news','limit':1," + from + "}}"))
                    .isEqualTo(112);
            assertThat(error(client, "{'id':9,'history':{'channel':'news','limit':1,'reverse':true," + from + "}}"))
                    .isEqualTo(112);
        }
    }

    @Test
    void historyIsBounded() {
        serve(options -> options);
        String large = "\"" + "x".repeat(50_000) + "\"";
        publish(IntStream.range(0, 2_000).mapToObj(String::valueOf).toArray(String[]::new));
        TestClient client = connected();
        assertThat(history(client, "'limit':2147483647")).hasSize(1_000).first().isEqualTo("0");
        assertThat(history(client, "'limit':2147483647,'reverse':true"))
                .hasSize(1_000)
                .first()
                .isEqualTo("1999");
        publish(IntStream.range(0, 20).mapToObj(i -> large).toArray(String[]::new));
        assertThat(history(client, "'limit':20,'reverse':true")).hasSize(5);
        String since = "'since':{'offset':2000,'epoch':'" + epoch() + "'}";
        assertThat(history(client, "'limit':20," + since)).hasSize(5);
    }

    @Test
    void oneHistoryAtATimeAndPublicationsMeanwhile() {
        serve(options -> options);
        publish(IntStream.range(0, 30_000).mapToObj(String::valueOf).toArray(String[]::new));
        TestClient client = connected();
        client.send("{'id':5,'history':{'channel':'news','limit':3,'reverse':true}}"
                + "{'id':6,'history':{'channel':'news','limit':3}}{'id':7,'ping':{}}");
        assertThat(client.next().get("id").asInt()).isEqualTo(6);
        assertThat(client.next().get("id").asInt()).isEqualTo(7);
        assertThat(client.next().at("/history/publications")).hasSize(3);
    }

    // What the application says.

    @Test
    void tokenDecidesAndWhoIsRefusedIsNobody() throws InterruptedException {
        serve(options -> options, new Noting() {
            @Override
            public CompletionStage<ConnectAnswer> onConnect(CentrifugeClient client, ConnectRequest request) {
                return CompletableFuture.supplyAsync(() -> switch (request.token()) {
                    case "good" -> ConnectAnswer.accept("ann").data("{\"hello\": 1}");
                    case "old" -> ConnectAnswer.refuse(ClientError.TOKEN_EXPIRED);
                    default -> ConnectAnswer.disconnect(DisconnectCode.INVALID_TOKEN, "invalid token");
                });
            }
        });
        assertThat(client(0).send("{'id':1,'connect':{'token':'bad'}}").closeCode())
                .isEqualTo(3500);
        TestClient old = client(0);
        assertThat(error(old, "{'id':1,'connect':{'token':'old'}}")).isEqualTo(109);
        assertThat(old.ask("{'id':2,'connect':{'token':'good'}}")
                        .at("/connect/data/hello")
                        .asInt())
                .isEqualTo(1);
        old.close();
        assertThat(events.poll(5, TimeUnit.SECONDS)).startsWith("gone ann");
        assertThat(events).as("who was never let in is never gone").isEmpty();
    }

    @Test
    void commandsWaitForTheOneBefore() {
        CompletableFuture<Decision> decision = new CompletableFuture<>();
        serve(options -> options, new Noting() {
            @Override
            public CompletionStage<Decision> authorize(CentrifugeClient client, ChannelRequest request) {
                events.add(request.action() + " " + request.channel() + " " + request.token() + " " + request.data());
                return request.channel().equals("slow") ? decision : CompletableFuture.completedStage(Decision.allow());
            }
        });
        TestClient client = connected();
        client.send("{'id':2,'publish':{'channel':'slow','data':[1]}}");
        client.send("{'id':3,'publish':{'channel':'news','data':[2]}}");
        client.send("{'id':4,'subscribe':{'channel':'news','token':'t','data':{}}}");
        assertThat(next(events)).isEqualTo("PUBLISH slow  [1]");
        assertThat(events).isEmpty();
        assertThat(bus.position().value()).isZero();
        decision.complete(Decision.refuse(new ClientError(4_000, "not you \"here\"", true)));
        JsonNode refused = client.next();
        assertThat(refused)
                .hasToString(
                        "{\"id\":2,\"error\":{\"code\":4000,\"message\":\"not you \\\"here\\\"\",\"temporary\":true}}");
        assertThat(client.next().get("id").asInt()).isEqualTo(3);
        assertThat(client.next().get("id").asInt()).isEqualTo(4);
        assertThat(next(events)).isEqualTo("PUBLISH news  [2]");
        assertThat(next(events)).isEqualTo("SUBSCRIBE news t {}");
    }

    @Test
    void tooMuchWaitingCloses() {
        serve(options -> options.limits(Limits.defaults().subscriptions(1).inboundRate(0, 1)), new Noting() {
            @Override
            public CompletionStage<Decision> authorize(CentrifugeClient client, ChannelRequest request) {
                return new CompletableFuture<>();
            }
        });
        TestClient client = connected();
        client.send("{'id':2,'publish':{'channel':'slow','data':[1]}}");
        IntStream.range(3, 70).forEach(id -> client.send("{'id':" + id + ",'ping':{}}"));
        assertThat(client.closeCode()).isEqualTo(3013);
    }

    @Test
    void tooManyCommandsForLongClose() {
        serve(options -> options.limits(Limits.defaults().subscriptions(1).inboundRate(10, 1_000)));
        TestClient client = connected();
        String pings = IntStream.range(2, 62)
                .mapToObj(id -> "{'id':" + id + ",'ping':{}}")
                .collect(java.util.stream.Collectors.joining());
        client.send(pings);
        IntStream.range(2, 62)
                .forEach(id -> assertThat(client.next().get("id").asInt()).isEqualTo(id));
        assertThat(client.send(pings).closeCode()).isEqualTo(3013);
    }

    @Test
    void callsAreAnsweredWhenTheyAreDone() {
        serve(options -> options, everythingAllowed());
        TestClient client = connected();
        client.send("{'id':2,'rpc':{'method':'first','data':{'a':1}}}{'id':3,'rpc':{'method':'second'}}");
        assertThat(next(events)).isEqualTo("first {\"a\":1}");
        assertThat(next(events)).isEqualTo("second null");
        call("second").complete(RpcReply.of("[2]"));
        assertThat(client.next()).hasToString("{\"id\":3,\"rpc\":{\"data\":[2]}}");
        call("first").complete(RpcReply.error(ClientError.NOT_AVAILABLE));
        assertThat(client.next().at("/error/code").asInt()).isEqualTo(108);
        client.send("{'send':{'data':'fire and forget'}}");
        assertThat(next(events)).isEqualTo("message \"fire and forget\"");
    }

    @Test
    void callsAreBounded() {
        serve(options -> options, everythingAllowed());
        TestClient client = connected();
        IntStream.range(2, 18).forEach(id -> client.send("{'id':" + id + ",'rpc':{'method':'m" + id + "'}}"));
        assertThat(error(client, "{'id':18,'rpc':{'method':'m18'}}")).isEqualTo(111);
    }

    @Test
    void failuresOfTheApplicationAreInternalErrors() {
        serve(options -> options, new Noting() {
            @Override
            public CompletionStage<RpcReply> onRpc(CentrifugeClient client, String method, @Nullable String data) {
                return method.equals("throw")
                        ? boom()
                        : CompletableFuture.failedStage(new IllegalStateException("failed by a test"));
            }

            private CompletionStage<RpcReply> boom() {
                throw new IllegalStateException("thrown by a test");
            }
        });
        TestClient client = connected();
        assertThat(error(client, "{'id':2,'rpc':{'method':'throw'}}")).isEqualTo(100);
        assertThat(error(client, "{'id':3,'rpc':{'method':'fail'}}")).isEqualTo(100);
        assertThat(next(errors)).hasMessageContaining("thrown by a test");
        assertThat(next(errors)).hasMessageContaining("failed by a test");
    }

    @Test
    void serverSubscribesAndRecoversThat() {
        serve(options -> options, new Noting() {
            @Override
            public CompletionStage<ConnectAnswer> onConnect(CentrifugeClient client, ConnectRequest request) {
                known.add(client);
                return CompletableFuture.completedStage(
                        ConnectAnswer.accept("ann").channels("news", "mine"));
            }
        });
        publish("1", "2");
        TestClient client = client(0);
        JsonNode subs = client.ask(
                        "{'id':1,'connect':{'subs':{'news':{'recover':true,'offset':1,'epoch':'" + epoch() + "'}}}}")
                .at("/connect/subs");
        assertThat(subs.at("/news/recovered").asBoolean()).isTrue();
        assertThat(subs.at("/news/offset").asLong()).isEqualTo(1);
        assertThat(subs.at("/mine/offset").asLong()).isEqualTo(2);
        assertThat(subs.get("mine").has("recovered")).isFalse();
        assertThat(client.nextData()).isEqualTo("2");

        CentrifugeClient ann = next(known);
        assertThat(ann.user()).isEqualTo("ann");
        assertThat(ann.channels()).containsExactlyInAnyOrder("news", "mine");
        ann.subscribe("later");
        JsonNode push = client.next();
        assertThat(push.at("/push/channel").asText()).isEqualTo("later");
        assertThat(push.at("/push/subscribe/offset").asLong()).isEqualTo(2);
        bus.publisher().publish(Topic.of("later"), "3");
        assertThat(client.nextData()).isEqualTo("3");
        ann.unsubscribe("later");
        assertThat(client.next())
                .hasToString("{\"push\":{\"channel\":\"later\",\"unsubscribe\":"
                        + "{\"code\":2000,\"reason\":\"server unsubscribe\"}}}");
        ann.send("{\"only\": \"you\"}");
        assertThat(client.next()).hasToString("{\"push\":{\"message\":{\"data\":{\"only\":\"you\"}}}}");
        ann.disconnect(4_500, "bye");
        assertThat(client.closeCode()).isEqualTo(4_500);
    }

    @Test
    void channelsMapToTopics() {
        serve(options -> options, new Noting() {
            @Override
            public @Nullable Topic topicOf(String channel) {
                return channel.startsWith("chat:") ? Topic.of("live/" + channel.substring(5)) : null; // or throws
            }

            @Override
            public String channelOf(Topic topic) {
                return "chat:" + topic.name().substring("live/".length());
            }
        });
        TestClient client = connected();
        assertThat(error(client, "{'id':2,'subscribe':{'channel':'room'}}")).isEqualTo(102);
        assertThat(error(client, "{'id':3,'subscribe':{'channel':'chat:\\u0000\\ud800'}}"))
                .isEqualTo(102);
        client.subscribe("chat:room");
        bus.publisher().publish(Topic.of("live/room"), "1");
        assertThat(client.next().at("/push/channel").asText()).isEqualTo("chat:room");
    }

    @Test
    void attachmentOfTheAuthenticatorIsTheClients() {
        serve(
                options -> options.authenticator(request ->
                        CompletableFuture.completedStage(io.peal.fanout.Admission.accept("from the upgrade"))),
                everythingAllowed());
        connected();
        CentrifugeClient client = next(known);
        assertThat(client.attachment()).isEqualTo("from the upgrade");
        client.attach(5);
        assertThat(client.attachment()).isEqualTo(5);
        assertThat(client.uri()).isEqualTo(TestServer.PROTOCOL);
    }

    // Time.

    @Test
    void pingsAndLetsGoWhoDoesNotAnswer() {
        serve(options -> options.limits(
                Limits.defaults().pingAfter(Duration.ofSeconds(1)).deadAfter(Duration.ofSeconds(60))));
        TestClient client = connected();
        long start = System.nanoTime();
        for (int i = 0; i < 3; i++) {
            assertThat(client.next()).hasToString("{}");
            client.send("{}");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isBetween(Duration.ofMillis(800), Duration.ofSeconds(4));
        assertThat(client.next()).hasToString("{}");
        assertThat(client.closeCode()).isEqualTo(3012);
    }

    @Test
    void letsGoWhoDoesNotSayWhoItIs() {
        serve(options -> options.limits(Limits.defaults().pingAfter(Duration.ofSeconds(1))));
        assertThat(client(0).closeCode()).isEqualTo(3502);
    }

    @Test
    void g7_whoWasTooSlowForATopicThatDropsIsToldToSubscribeAnew() {
        serve(options -> options.limits(Limits.defaults().socketBufferLength(4_096))
                .slowConsumers(SlowConsumers.catchUp().with("news", SlowConsumerPolicy.DROP)));
        TestClient client = connected(4_096);
        assertThat(client.subscribe("news").has("recoverable")).isFalse();
        String filling = "\"" + "x".repeat(20_000) + "\"";
        for (int i = 0; i < 500; i++) {
            publish(filling);
        }
        JsonNode push = client.next();
        while (push.at("/push/unsubscribe").isMissingNode()) {
            push = client.next();
        }
        assertThat(push.at("/push/unsubscribe/code").asInt()).isEqualTo(2500);
        client.subscribe("news");
        publish("again");
        assertThat(client.nextData()).isEqualTo("\"again\"");
    }

    // What these need.

    private class Noting implements CentrifugeApplication {
        @Override
        public void onDisconnect(CentrifugeClient client, int code, String reason) {
            events.add("gone " + client.user() + " " + code);
        }
    }

    private CentrifugeApplication everythingAllowed() {
        return new CentrifugeApplication() {
            @Override
            public CompletionStage<ConnectAnswer> onConnect(CentrifugeClient client, ConnectRequest request) {
                known.add(client);
                return CompletableFuture.completedStage(ConnectAnswer.accept("ann"));
            }

            @Override
            public CompletionStage<Decision> authorize(CentrifugeClient client, ChannelRequest request) {
                return CompletableFuture.completedStage(Decision.allow());
            }

            @Override
            public CompletionStage<RpcReply> onRpc(CentrifugeClient client, String method, @Nullable String data) {
                events.add(method + " " + data);
                return call(method);
            }

            @Override
            public void onMessage(CentrifugeClient client, String data) {
                events.add("message " + data);
            }
        };
    }

    private CompletableFuture<RpcReply> call(String method) {
        return calls.computeIfAbsent(method, key -> new CompletableFuture<>());
    }

    private void serve(UnaryOperator<Fanout.Builder> options) {
        serve(options, new Noting());
    }

    private void serve(UnaryOperator<Fanout.Builder> options, CentrifugeApplication application) {
        Fanout built = options.apply(Fanout.on(bus)).errorHandler(errors::add).build();
        CentrifugeProtocol protocol = CentrifugeProtocol.on(built)
                .application(application)
                .errorHandler(errors::add)
                .build();
        fanout = built;
        server = kind == Kind.NETTY ? TestServer.netty(built, protocol) : TestServer.jetty(built, protocol);
    }

    private int port() {
        if (server == null) {
            throw new IllegalStateException("not serving yet");
        }
        return server.port();
    }

    private WebSocketProbe rawClient() {
        WebSocketProbe raw = WebSocketProbe.connect(port(), TestServer.RAW);
        assertThat(raw.nextText()).isEqualTo(TestServer.SUBSCRIBED);
        return raw;
    }

    private TestClient client(int receiveBufferLength) {
        TestClient client = new TestClient(port(), receiveBufferLength);
        clients.add(client);
        return client;
    }

    private TestClient connected() {
        return connected(0);
    }

    private TestClient connected(int receiveBufferLength) {
        return client(receiveBufferLength).connect();
    }

    private void publish(String... payloads) {
        for (String payload : payloads) {
            bus.publisher().publish(NEWS, payload);
        }
    }

    private String epoch() {
        Position position = bus.position();
        return String.format(Locale.ROOT, "%016x", position.epoch());
    }

    private static List<String> history(TestClient client, String options) {
        JsonNode history = client.ask("{'id':7,'history':{'channel':'news'," + options + "}}")
                .path("history");
        List<String> data = new ArrayList<>();
        history.path("publications")
                .forEach(publication -> data.add(publication.get("data").toString()));
        assertThat(history.get("offset").asLong()).isPositive();
        return data;
    }

    private static int error(TestClient client, String command) {
        return client.ask(command).at("/error/code").asInt();
    }

    private static <T> T next(BlockingQueue<T> queue) {
        try {
            T next = queue.poll(10, TimeUnit.SECONDS);
            if (next == null) {
                throw new AssertionError("nothing came");
            }
            return next;
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }
}
