package io.peal.examples.notify;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.peal.testkit.ReplicaProcess;
import io.peal.testkit.TestDirectory;
import io.peal.testkit.WebSocketProbe;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The jar as its user starts it: a supervisor, two replicas on one port, real sockets; on each server. */
@ParameterizedClass
@ValueSource(strings = {"netty", "jetty"})
@Timeout(120)
class NotifySystemTest {

    private static final Duration LIMIT = Duration.ofSeconds(40);
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path temporary;

    @Parameter
    private String givenServer; // every test knows it, through what is started before

    private static String server;
    private static Path directory;
    private static int port;
    private static ReplicaProcess supervisor;

    @BeforeParameterizedClassInvocation
    static void start(String given) throws IOException {
        server = given;
        directory = Files.createDirectory(temporary.resolve(server));
        port = Ports.free(2);
        supervisor = notify("--port=" + port, "--replicas=2", "--bus=file:" + directory.resolve("bus"), "--demo");
        awaitServing(supervisor, 2);
    }

    @AfterParameterizedClassInvocation
    static void stop() {
        supervisor.close();
    }

    @Test
    void healthCheckDescribesTheReplica() throws Exception {
        JsonNode health = JSON.readTree(get("/health_check").body());
        assertThat(health.get("replica").asInt()).isBetween(1, 2);
        assertThat(health.get("port").asInt()).isEqualTo(port);
        assertThat(health.get("state").asText()).isEqualTo("serving");
        for (String number : List.of("pid", "uptimeMs", "memoryBytes", "connections", "position", "lag")) {
            assertThat(health.get(number).isIntegralNumber()).as(number).isTrue();
        }
    }

    @Test
    void whatIsPostedReachesClientsOfEveryReplicaVerbatim() throws Exception {
        Map<Integer, WebSocketProbe> clients = clientOfEachReplica("/api/v1/listen");
        for (String message : List.of("hello", "{\"a\": [1, 2]}", "grüße 🔔")) {
            JsonNode answer = JSON.readTree(post("/api/v1/notify", message).body());
            assertThat(answer.get("status").asText()).isEqualTo("ok");
            assertThat(answer.get("replica").asInt()).isBetween(1, 2);
            assertThat(answer.get("position").asLong()).isPositive();
            for (WebSocketProbe client : clients.values()) {
                assertThat(client.nextText()).isEqualTo(message);
            }
        }
        clients.values().forEach(WebSocketProbe::close);
    }

    @Test
    void topicsAreSeparate() throws Exception {
        try (WebSocketProbe sports = WebSocketProbe.connect(port, "/api/v1/listen?topic=sports%2Ftennis")) {
            sports.nextText();
            post("/api/v1/notify?topic=politics", "not for them");
            post("/api/v1/notify?topic=sports%2Ftennis", "15:0");
            assertThat(sports.nextText()).isEqualTo("15:0");
        }
    }

    @Test
    void publishingSocketPublishesEveryMessageVerbatim() {
        try (WebSocketProbe listener = WebSocketProbe.connect(port, "/api/v1/listen?topic=fast");
                WebSocketProbe publisher = WebSocketProbe.connect(port, "/api/v1/publish?topic=fast")) {
            listener.nextText();
            for (int i = 0; i < 500; i++) {
                publisher.sendText("message " + i);
            }
            publisher.sendFrame(WebSocketProbe.FIN | WebSocketProbe.BINARY, new byte[] {1, 2, (byte) 0xff});
            for (int i = 0; i < 500; i++) {
                assertThat(listener.nextText()).isEqualTo("message " + i);
            }
            assertThat(listener.next().payload()).containsExactly(1, 2, 0xff);
        }
    }

    @Test
    void pageIsServed() throws Exception {
        HttpResponse<String> page = get("/");
        assertThat(page.headers().firstValue("content-type")).hasValue("text/html; charset=utf-8");
        assertThat(page.body()).contains("<title>Peal</title>").contains("data-demo=\"true\"");
        HttpResponse<String> client = get("/peal.js");
        assertThat(client.headers().firstValue("content-type")).hasValue("text/javascript; charset=utf-8");
        assertThat(client.body()).contains("export function peal").hasSizeLessThan(3 * 1024);
    }

    @Test
    void whatCannotBeAnsweredSaysWhy() throws Exception {
        refused(400, "empty", post("/api/v1/notify", ""));
        refused(400, "empty", post("/api/v1/notify?topic=", "x"));
        refused(400, "control", post("/api/v1/notify?topic=a%00b", "x"));
        refused(400, "255", post("/api/v1/notify?topic=" + "a".repeat(256), "x"));
        refused(403, "own", post("/api/v1/notify?topic=_kill", "2"));
        refused(404, "/nothing/here", get("/nothing/here"));
        refused(405, "POST", get("/api/v1/notify"));
        refused(405, "GET", post("/health_check", "x"));
        refused(413, "limit", post("/api/v1/notify", "x".repeat(3 << 20)));
        assertThat(get("/api/v1/listen").statusCode()).isEqualTo(426);
        assertThat(WebSocketProbe.status(port, "GET", "/%zz")).isEqualTo(400);
    }

    @Test
    void clientThatResumesMissesNothingOnAnotherReplica() throws Exception {
        post("/api/v1/notify?topic=resume", "before");
        JsonNode start;
        try (WebSocketProbe first = resuming("{\"id\":2,\"subscribe\":{\"channel\":\"resume\"}}")) {
            start = JSON.readTree(first.nextText()).get("subscribe");
        }
        post("/api/v1/notify?topic=resume", "{\"n\": 1}");
        post("/api/v1/notify?topic=resume", "two");
        String recover = String.format(
                "{\"id\":2,\"subscribe\":{\"channel\":\"resume\",\"recover\":true,\"epoch\":%s,\"offset\":%s}}",
                start.get("epoch"), start.get("offset"));
        for (int i = 0; i < 10; i++) { // some of them on the other
            try (WebSocketProbe again = resuming(recover)) {
                assertThat(JSON.readTree(again.nextText())
                                .at("/subscribe/recovered")
                                .asBoolean())
                        .isTrue();
                assertThat(JSON.readTree(again.nextText())
                                .at("/push/pub/data/n")
                                .asInt())
                        .isEqualTo(1);
                assertThat(JSON.readTree(again.nextText()).at("/push/pub/data").asText())
                        .isEqualTo("two");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"_kill,subscribe,102", "_replicas,publish,103", "_replicas,subscribe,0", "any,publish,0"})
    void clientThatResumesMayDoWhatItMay(String channel, String action, int code) throws Exception {
        try (WebSocketProbe client =
                resuming("{\"id\":2,\"" + action + "\":{\"channel\":\"" + channel + "\",\"data\":{}}}")) {
            assertThat(JSON.readTree(client.nextText()).at("/error/code").asInt())
                    .isEqualTo(code);
        }
    }

    /** A client that has connected, and sent a command. */
    private static WebSocketProbe resuming(String command) throws IOException {
        WebSocketProbe client = WebSocketProbe.connect(port, "/connection/websocket");
        client.sendText("{\"id\":1,\"connect\":{}}");
        JsonNode connect = JSON.readTree(client.nextText()).get("connect");
        assertThat(connect.at("/data/replica").asInt()).isBetween(1, 2);
        client.sendText(command);
        return client;
    }

    @ParameterizedTest
    @ValueSource(strings = {"listen?topic=", "publish?topic=", "publish?topic=_kill", "publish?topic=_replicas"})
    void topicThatIsNoneOrNotTheirsClosesTheConnectionWith1008(String endpoint) {
        try (WebSocketProbe client = WebSocketProbe.connect(port, "/api/v1/" + endpoint)) {
            assertThat(client.nextClose().closeCode()).isEqualTo(1008);
        }
    }

    @Test
    void frameOverTheLimitClosesTheConnectionWith1009() {
        try (WebSocketProbe client = WebSocketProbe.connect(port, "/api/v1/publish")) {
            client.sendText("x".repeat(70_000));
            assertThat(client.nextClose().closeCode()).isEqualTo(1009);
        }
    }

    @Test
    void killedReplicaComesBackAndMissesNothingLater() throws Exception {
        long before = pids().get(2);
        try {
            post("/api/v1/kill?replica=2", "");
        } catch (IOException itWasTheOneThatAnswers) {
            assertThat(itWasTheOneThatAnswers).isNotNull();
        }
        supervisor.awaitLine("replica 2 ended with 137", LIMIT);
        supervisor.awaitLine("replica 2 (process", LIMIT);
        assertThat(pids().get(2)).isNotEqualTo(before);
        whatIsPostedReachesClientsOfEveryReplicaVerbatim();
    }

    @Test
    void replicaWhoseBusIsRemovedSendsItsClientsAwayAndIsStartedAnew() throws Exception {
        int ownPort = Ports.free(2);
        TestDirectory removed = new TestDirectory();
        try (ReplicaProcess another = notify(
                "--port=" + ownPort,
                "--replicas=1",
                "--bus=file:" + removed.path().resolve("bus"))) {
            awaitServing(another, 1);
            try (WebSocketProbe client = WebSocketProbe.connect(ownPort, "/api/v1/listen")) {
                client.nextText();
                removed.close();
                assertThat(client.nextClose().closeCode())
                        .isIn(1012, 1013); // 1013 if it could not be sent something before that was noticed
            }
            another.awaitLine("replica 1: the bus is lost", LIMIT);
            awaitServing(another, 1);
            try (WebSocketProbe client = WebSocketProbe.connect(ownPort, "/api/v1/listen")) {
                assertThat(client.nextText()).contains("replica");
            }
        } finally {
            removed.close();
        }
    }

    @Test
    void hangUpRestartsTheReplicasOneByOne() throws Exception {
        Map<Integer, Long> before = pids();
        supervisor.hangUp();
        supervisor.awaitLine("all replicas are restarted", LIMIT);
        Map<Integer, Long> after = pids();
        assertThat(after.get(1)).isNotEqualTo(before.get(1));
        assertThat(after.get(2)).isNotEqualTo(before.get(2));
        List<String> said = supervisor.output();
        int firstIsBack = lastIndexOf(said, "replica 1 (process " + after.get(1));
        assertThat(lastIndexOf(said, "replica 2: drained"))
                .as("the second is drained when the first serves again, in " + said)
                .isGreaterThan(firstIsBack);
    }

    @Test
    void terminatedSupervisorLeavesNoProcess() throws Exception {
        ReplicaProcess another =
                notify("--port=" + Ports.free(2), "--replicas=2", "--bus=file:" + directory.resolve("short"));
        awaitServing(another, 2);
        List<ProcessHandle> replicas =
                ProcessHandle.of(another.pid()).orElseThrow().children().toList();
        assertThat(replicas).hasSize(2);
        another.terminate();
        another.awaitExit(LIMIT);
        assertThat(replicas).noneMatch(ProcessHandle::isAlive);
    }

    @Test
    void killedSupervisorLeavesNoProcess() throws Exception {
        ReplicaProcess another =
                notify("--port=" + Ports.free(2), "--replicas=2", "--bus=file:" + directory.resolve("orphans"));
        awaitServing(another, 2);
        List<ProcessHandle> replicas =
                ProcessHandle.of(another.pid()).orElseThrow().children().toList();
        another.kill();
        for (ProcessHandle replica : replicas) {
            replica.onExit().get(LIMIT.toSeconds(), java.util.concurrent.TimeUnit.SECONDS);
        }
    }

    @Test
    void separatePortsAreConsecutive() throws Exception {
        int first = Ports.free(2);
        try (ReplicaProcess another = notify(
                "--port=" + first, "--replicas=2", "--separate-ports", "--bus=file:" + directory.resolve("apart"))) {
            awaitServing(another, 2);
            for (int i = 0; i < 2; i++) {
                try (WebSocketProbe client = WebSocketProbe.connect(first + i, "/api/v1/listen")) {
                    assertThat(JSON.readTree(client.nextText()).get("replica").asInt())
                            .isEqualTo(i + 1);
                }
            }
        }
    }

    @Test
    void replicaThatCannotComeBackIsTriedAgainAndTheOthersServe() throws Exception {
        int first = Ports.free(2);
        try (ReplicaProcess another = notify(
                "--port=" + first, "--replicas=2", "--separate-ports", "--bus=file:" + directory.resolve("alone"))) {
            awaitServing(another, 2);
            ServerSocket stranger;
            try (WebSocketProbe client = WebSocketProbe.connect(first + 1, "/api/v1/listen")) {
                client.nextText();
                pidOfReplica(another, 2).destroyForcibly();
                stranger = bindWhenFree(first + 1);
            }
            try (stranger;
                    WebSocketProbe client = WebSocketProbe.connect(first, "/api/v1/listen")) {
                another.awaitLine("replica 2 ended with 78", LIMIT); // CANNOT_START
                assertThat(client.nextText()).contains("\"replica\":1");
                assertThat(WebSocketProbe.status(first, "GET", "/health_check")).isEqualTo(200);
            }
            another.awaitLine("replica 2 (process", LIMIT);
        }
    }

    private static ProcessHandle pidOfReplica(ReplicaProcess supervisor, int number) {
        String start = "replica " + number + " (process ";
        String line = supervisor.output().get(lastIndexOf(supervisor.output(), start));
        return ProcessHandle.of(Long.parseLong(line.substring(start.length(), line.indexOf(')'))))
                .orElseThrow();
    }

    private static ServerSocket bindWhenFree(int port) throws InterruptedException {
        while (true) {
            try {
                return new ServerSocket(port);
            } catch (IOException stillTaken) {
                Thread.sleep(1);
            }
        }
    }

    @Test
    void withFewDescriptorsSomeAreRefusedAndTheOthersGetEverything() throws Exception {
        int ownPort = Ports.free(2);
        List<String> command = command("--port=" + ownPort, "--replicas=1", "--bus=file:" + directory.resolve("few"));
        command.addAll(0, List.of("bash", "-c", "ulimit -n 180 && exec \"$@\"", "limited"));
        List<WebSocketProbe> clients = new ArrayList<>();
        try (ReplicaProcess another = ReplicaProcess.start(command)) {
            awaitServing(another, 1);
            int refused = 0;
            while (clients.size() + refused < 250) {
                try {
                    clients.add(WebSocketProbe.connect(ownPort, "/api/v1/listen"));
                } catch (IllegalStateException e) {
                    assertThat(e).hasMessageContaining(" 503 ");
                    refused++;
                }
            }
            assertThat(clients).as("the rest of 180 descriptors").hasSizeBetween(40, 150);
            try (WebSocketProbe publisher = clients.remove(0)) {
                publisher.sendClose(1000);
                publisher.awaitEnd();
            }
            for (WebSocketProbe client : clients) {
                client.nextText();
            }
            try (WebSocketProbe publisher = connectWhenAdmitted(ownPort, "/api/v1/publish")) {
                for (int i = 0; i < 1_000; i++) {
                    publisher.sendText("message " + i);
                }
                for (WebSocketProbe client : clients) {
                    for (int i = 0; i < 1_000; i++) {
                        assertThat(client.nextText()).isEqualTo("message " + i);
                    }
                }
            }
        } finally {
            clients.forEach(WebSocketProbe::close);
        }
    }

    /** The place of one that went is free a moment later. */
    private static WebSocketProbe connectWhenAdmitted(int port, String target) throws InterruptedException {
        for (long deadline = System.nanoTime() + LIMIT.toNanos(); ; Thread.sleep(1)) {
            try {
                return WebSocketProbe.connect(port, target);
            } catch (IllegalStateException full) {
                assertThat(full).hasMessageContaining(" 503 ");
                assertThat(System.nanoTime()).isLessThan(deadline);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--bus=file:DIR --unknown",
                "--bus=redis://localhost",
                "--bus=file:",
                "--port=8080",
                "--bus=file:DIR --port=0",
                "--bus=file:DIR --port=many",
                "--bus=file:DIR --replicas=0",
                "--bus=file:DIR --server=tomcat"
            })
    void wrongOptionIsOneLineAndExitCode2(String options) {
        ReplicaProcess wrong = notify(
                options.replace("DIR", directory.resolve("never").toString()).split(" "));
        assertThat(wrong.awaitExit(LIMIT)).isEqualTo(2);
        assertThat(wrong.output())
                .singleElement()
                .asString()
                .startsWith("notify: ")
                .contains("--help");
    }

    @Test
    void portInUseIsSaidAndNothingIsStarted() {
        ReplicaProcess second = notify("--port=" + port, "--bus=file:" + directory.resolve("second"));
        assertThat(second.awaitExit(LIMIT)).isEqualTo(1);
        assertThat(second.output()).singleElement().asString().contains("port " + port + " is in use", "--port");
    }

    @Test
    void busThatCannotBeOpenedEndsTheSupervisor() throws IOException {
        Path file = Files.createFile(directory.resolve("a-file"));
        ReplicaProcess wrong = notify("--port=" + Ports.free(2), "--replicas=1", "--bus=file:" + file);
        assertThat(wrong.awaitExit(LIMIT)).isEqualTo(1);
        assertThat(wrong.output()).anyMatch(line -> line.contains("is not a directory"));
    }

    private static ReplicaProcess notify(String... options) {
        return ReplicaProcess.start(command(options));
    }

    private static List<String> command(String... options) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-jar",
                System.getProperty("notify.jar")));
        command.addAll(List.of(options));
        if (!String.join(" ", options).contains("--server=")) {
            command.add("--server=" + server);
        }
        return command;
    }

    private static void awaitServing(ReplicaProcess supervisor, int replicas) {
        for (int i = 0; i < replicas; i++) {
            supervisor.awaitLine(line -> line.contains(" serves "), "that a replica serves", LIMIT);
        }
    }

    private static Map<Integer, WebSocketProbe> clientOfEachReplica(String target) throws IOException {
        Map<Integer, WebSocketProbe> clients = new TreeMap<>();
        for (int i = 0; i < 200 && clients.size() < 2; i++) {
            WebSocketProbe client = WebSocketProbe.connect(port, target);
            WebSocketProbe other = clients.putIfAbsent(
                    JSON.readTree(client.nextText()).get("replica").asInt(), client);
            if (other != null) {
                client.close();
            }
        }
        assertThat(clients).containsOnlyKeys(1, 2);
        return clients;
    }

    private static Map<Integer, Long> pids() throws Exception {
        Map<Integer, Long> pids = new TreeMap<>();
        for (int i = 0; i < 200 && pids.size() < 2; i++) {
            JsonNode health = JSON.readTree(get("/health_check").body());
            pids.put(health.get("replica").asInt(), health.get("pid").asLong());
        }
        assertThat(pids).containsOnlyKeys(1, 2);
        return pids;
    }

    /** Over a connection of its own each time, so that the kernel chooses the replica anew. */
    private static HttpResponse<String> get(String target) throws Exception {
        return send(HttpRequest.newBuilder().GET(), target);
    }

    private static HttpResponse<String> post(String target, String body) throws Exception {
        return send(HttpRequest.newBuilder().POST(BodyPublishers.ofString(body)), target);
    }

    private static HttpResponse<String> send(HttpRequest.Builder request, String target) throws Exception {
        URI uri = URI.create("http://localhost:" + port + target);
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .build()
                .send(request.uri(uri).timeout(LIMIT).build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
    }

    private static void refused(int status, String reason, HttpResponse<String> answer) throws IOException {
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(JSON.readTree(answer.body()).get("error").asText()).contains(reason);
    }

    private static int lastIndexOf(List<String> lines, String beginning) {
        for (int i = lines.size() - 1; i >= 0; i--) {
            if (lines.get(i).startsWith(beginning)) {
                return i;
            }
        }
        throw new AssertionError("no line begins with '" + beginning + "' in " + lines);
    }
}
