package io.peal.examples.notify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.peal.testkit.ReplicaProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** The replicas behind nginx with the configuration that is there to be copied; skipped where there is no nginx. */
@ParameterizedClass
@ValueSource(strings = {"netty", "jetty"})
@Timeout(180)
class NginxSystemTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int REPLICAS = 3;
    private static final int CLIENTS = 30;

    @TempDir
    Path directory;

    @Parameter
    private String server;

    private final HttpClient http = HttpClient.newHttpClient();
    private int front; // nginx; its second server is behind it, then come the replicas
    private ReplicaProcess nginx;
    private ReplicaProcess replicas;

    @BeforeEach
    void startNginx() throws IOException {
        assumeTrue(isInstalled(), "nginx is not installed: Debian has it as the package nginx-light");
        front = Ports.free(2 + REPLICAS);
        for (String name : List.of("nginx.conf", "peal.conf")) {
            String text = Files.readString(Path.of("nginx", name))
                    .replace("8080", String.valueOf(front))
                    .replace("8089", String.valueOf(front + 1));
            for (int i = 0; i < REPLICAS; i++) {
                text = text.replace("127.0.0.1:" + (8081 + i), "127.0.0.1:" + (front + 2 + i));
            }
            Files.writeString(directory.resolve(name), text);
        }
        nginx = ReplicaProcess.start(List.of(
                "nginx",
                "-p",
                directory.toString(),
                "-c",
                directory.resolve("nginx.conf").toString()));
    }

    @AfterEach
    void stop() {
        for (ReplicaProcess process : new ReplicaProcess[] {replicas, nginx}) {
            if (process != null) {
                process.terminate();
                process.awaitExit(LIMIT);
                process.close();
            }
        }
    }

    @Test
    void rollingRestartFailsNoRequestAndLosesNoMessage() throws Exception {
        startReplicas();
        List<ResumingClient> clients = IntStream.range(0, CLIENTS)
                .mapToObj(i -> new ResumingClient(front, "news"))
                .toList();
        await(() -> clients.stream().allMatch(ResumingClient::isSubscribed));
        List<String> failed = Collections.synchronizedList(new ArrayList<>());
        List<List<String>> published = new ArrayList<>();
        AtomicInteger running = new AtomicInteger(1);
        List<Thread> lanes = new ArrayList<>();
        for (int lane = 0; lane < 4; lane++) {
            List<String> mine = new ArrayList<>();
            published.add(mine);
            int number = lane;
            Thread thread = new Thread(() -> request(number, mine, failed, running));
            thread.start();
            lanes.add(thread);
        }
        replicas.hangUp();
        replicas.awaitLine("all replicas are restarted", LIMIT);
        TimeUnit.SECONDS.sleep(1); // some more requests to the new ones
        running.set(0);
        for (Thread lane : lanes) {
            lane.join();
        }
        int count = published.stream().mapToInt(List::size).sum();
        await(() -> clients.stream().allMatch(client -> client.received().size() >= count));
        for (ResumingClient client : clients) {
            client.close();
            assertThat(client.wrong()).isEmpty();
            assertThat(client.received()).hasSize(count);
            for (List<String> lane : published) {
                assertThat(client.received()).as("each lane in its order").containsSubsequence(lane);
            }
        }
        assertThat(failed).isEmpty();
        assertThat(count).isGreaterThan(100);
        assertThat(clients.stream().mapToInt(ResumingClient::connections).sum())
                .as("clients were drained")
                .isGreaterThan(CLIENTS);
    }

    @Test
    void clientsThatComeBackToNewReplicasDoNotStandBeforeRequests() throws Exception {
        startReplicas();
        List<ResumingClient> clients = IntStream.range(0, CLIENTS)
                .mapToObj(i -> new ResumingClient(front, "news"))
                .toList();
        await(() -> clients.stream().allMatch(ResumingClient::isSubscribed));
        replicas.terminate();
        replicas.awaitExit(LIMIT);
        replicas.close();
        startReplicas();
        for (int i = 0; i < 20; i++) {
            long start = System.nanoTime();
            HttpResponse<String> answer = http.send(post("to the new ones"), BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
        }
        for (ResumingClient client : clients) {
            client.close();
            assertThat(client.wrong()).isEmpty();
        }
    }

    @Test
    void requestWaitsForAReplicaThatStarts() throws Exception {
        await(this::nginxAnswers);
        CompletableFuture<HttpResponse<String>> waiting = http.sendAsync(post("waited"), BodyHandlers.ofString());
        startReplicas();
        HttpResponse<String> answer = waiting.get(30, TimeUnit.SECONDS);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(new ObjectMapper().readTree(answer.body()).get("position").asLong())
                .isPositive();
    }

    @Test
    void pageTriesAgainByItselfWhenNoneIsUpForTenSeconds() throws Exception {
        await(this::nginxAnswers);
        long start = System.nanoTime();
        HttpResponse<String> answer = http.send(get("/"), BodyHandlers.ofString());
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.headers().firstValue("retry-after")).hasValue("2");
        assertThat(answer.headers().firstValue("content-type")).hasValue("text/html");
        assertThat(answer.body()).contains("http-equiv=\"refresh\"");
        assertThat(took).isBetween(Duration.ofSeconds(8), Duration.ofSeconds(14));
    }

    private void request(int lane, List<String> published, List<String> failed, AtomicInteger running) {
        for (int i = 0; running.get() == 1; i++) {
            String message = "{\"lane\":" + lane + ",\"n\":" + i + "}";
            try {
                HttpResponse<String> posted = http.send(post(message), BodyHandlers.ofString());
                if (posted.statusCode() == 200) {
                    published.add(message);
                } else {
                    failed.add("POST " + posted.statusCode() + " " + posted.body());
                }
                HttpResponse<String> got = http.send(get("/health_check"), BodyHandlers.ofString());
                if (got.statusCode() != 200) {
                    failed.add("GET " + got.statusCode() + " " + got.body());
                }
            } catch (IOException e) {
                failed.add(e.toString());
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private void startReplicas() {
        replicas = ReplicaProcess.start(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-jar",
                System.getProperty("notify.jar"),
                "--port=" + (front + 2),
                "--replicas=" + REPLICAS,
                "--separate-ports",
                "--bus=file:" + directory.resolve("bus"),
                "--server=" + server));
        for (int i = 0; i < REPLICAS; i++) {
            replicas.awaitLine(line -> line.contains(" serves "), "that a replica serves", LIMIT);
        }
    }

    private HttpRequest post(String message) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + front + "/api/v1/notify?topic=news"))
                .POST(BodyPublishers.ofString(message))
                .build();
    }

    private HttpRequest get(String path) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + front + path))
                .build();
    }

    private boolean nginxAnswers() {
        return !Ports.isFree(front);
    }

    private static boolean isInstalled() {
        try {
            return new ProcessBuilder("nginx", "-v").start().waitFor() == 0;
        } catch (IOException missing) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition) throws InterruptedException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }
}
