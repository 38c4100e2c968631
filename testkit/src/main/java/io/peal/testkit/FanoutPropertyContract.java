package io.peal.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.fanout.Connection;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Limits;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Clients that do anything at random: read, stall, break off and come back with what they have, leave a topic and come back
 * to it. Whatever they do, each gets of each topic every message once and in order. An adapter's test extends this.
 */
public abstract class FanoutPropertyContract extends FanoutBed {

    private static final int MESSAGES = 6_000;
    private static final int TOPICS = 4;
    private static final int CLIENTS = 6;
    private static final int LONGEST = 3_000;
    private static final int REMEMBERED = 100;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    final void everyClientGetsEveryMessageOnceAndInOrder(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        serve(Limits.defaults().inboundRate(0, 1), new Serving());
        Log log = new Log(random.split());
        List<FutureTask<Integer>> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Client client = new Client(log, random.split());
            FutureTask<Integer> task = new FutureTask<>(client::run);
            clients.add(task);
            Thread thread = new Thread(task, "client-" + i);
            thread.setDaemon(true);
            thread.start();
        }
        log.publish();
        int breaks = 0;
        for (FutureTask<Integer> client : clients) {
            breaks += result(client, seed);
        }
        assertThat(breaks).as("times that a client broke off").isGreaterThan(CLIENTS);
    }

    private static int result(FutureTask<Integer> client, long seed) throws InterruptedException {
        try {
            return client.get(50, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError("with seed " + seed, e);
        }
    }

    /** What is published: message n has position n, on a topic that chance decides beforehand. */
    private final class Log {

        private final List<Topic> topics = new ArrayList<>();
        private final int[] topicOf = new int[MESSAGES + 1];
        private final int[] lastOf = new int[TOPICS];
        private final SplittableRandom random;

        Log(SplittableRandom random) {
            this.random = random;
            for (int i = 0; i < TOPICS; i++) {
                topics.add(Topic.of("t" + i));
            }
            for (int n = 1; n <= MESSAGES; n++) {
                topicOf[n] = random.nextInt(4) == 0 ? 0 : random.nextInt(TOPICS); // one is busier
                lastOf[topicOf[n]] = n;
            }
        }

        void publish() {
            for (int n = 1; n <= MESSAGES; n++) {
                String text = n + " " + "x".repeat(random.nextInt(20) == 0 ? random.nextInt(LONGEST) : 5);
                assertThat(bus.publisher().publish(topics.get(topicOf[n]), text))
                        .isEqualTo(n);
                if (random.nextInt(50) == 0) {
                    LockSupport.parkNanos(random.nextInt(5_000_000));
                }
            }
        }

        /** The next message of a topic behind one. */
        int next(int topic, int n) {
            int next = n + 1;
            while (topicOf[next] != topic) {
                next++;
            }
            return next;
        }

        int topicOf(int n) {
            return topicOf[n];
        }

        boolean isLast(int topic, int n) {
            return n >= lastOf[topic];
        }
    }

    /** One client; it belongs to its thread. */
    private final class Client {

        private final Log log;
        private final SplittableRandom random;
        private final Map<Integer, Integer> has = new HashMap<>(); // topic to the last message of it
        private final Deque<String> done = new ArrayDeque<>(); // of late, for when it fails
        private int breaks;

        Client(Log log, SplittableRandom random) {
            this.log = log;
            this.random = random;
            int first = random.nextInt(TOPICS);
            has.put(first, 0);
            has.put((first + 1 + random.nextInt(TOPICS - 1)) % TOPICS, 0);
        }

        int run() {
            while (!hasAll()) {
                StringBuilder query = new StringBuilder("?");
                has.forEach((topic, n) -> query.append("t" + topic + "=" + token(n) + "&"));
                note("connect with " + has);
                int bufferLength = random.nextBoolean() ? SMALL_BUFFER : 0;
                try (WebSocketProbe probe = WebSocketProbe.connect(port(), PATH + query, bufferLength)) {
                    for (int actions = random.nextInt(1, 8); actions > 0 && !hasAll(); actions--) {
                        act(probe);
                    }
                }
                breaks++;
            }
            return breaks;
        }

        private void act(WebSocketProbe probe) {
            int chance = random.nextInt(10);
            if (chance < 6) {
                for (int count = random.nextInt(1, 400); count > 0 && !hasAll(); count--) {
                    take(probe.nextText());
                }
            } else if (chance < 8) {
                LockSupport.parkNanos(random.nextInt(60_000_000));
            } else {
                leaveAndComeBack(probe);
            }
        }

        private void leaveAndComeBack(WebSocketProbe probe) {
            Integer topic = List.copyOf(has.keySet()).get(random.nextInt(has.size()));
            probe.sendText("-t" + topic);
            note("leave " + topic);
            for (String text = probe.nextText(); !text.equals("left"); text = probe.nextText()) {
                take(text);
            }
            LockSupport.parkNanos(random.nextInt(5_000_000));
            note("come back to " + topic + " with " + has);
            probe.sendText("+t" + topic + " " + token(has.getOrDefault(topic, 0)));
        }

        private void take(String text) {
            int n = Integer.parseInt(text.split(" ", 2)[0]);
            int topic = log.topicOf(n);
            note(topic + ":" + n);
            assertThat(n)
                    .as("the next message of topic " + topic + " after " + done)
                    .isEqualTo(log.next(topic, has.getOrDefault(topic, MESSAGES)));
            has.put(topic, n);
        }

        private void note(String what) {
            done.add(what);
            if (done.size() > REMEMBERED) {
                done.remove();
            }
        }

        private boolean hasAll() {
            return has.entrySet().stream().allMatch(entry -> log.isLast(entry.getKey(), entry.getValue()));
        }

        private String token(int n) {
            return new Position(bus.position().epoch(), n).toString();
        }
    }

    /** Subscribes each client to what its query says, behind what it says it has. */
    private static final class Serving implements ConnectionHandler {

        @Override
        public void onOpen(Connection connection) {
            for (int i = 0; i < TOPICS; i++) {
                String token = connection.queryParameter("t" + i);
                if (token != null) {
                    connection.subscribe(Topic.of("t" + i), StartFrom.after(Position.parse(token)));
                }
            }
        }

        @Override
        public void onMessage(Connection connection, PayloadKind kind, ByteBuffer payload) {
            String[] words = UTF_8.decode(payload).toString().split(" ", -1);
            Topic topic = Topic.of(words[0].substring(1));
            if (words[0].charAt(0) == '+') {
                connection.subscribe(topic, StartFrom.after(Position.parse(words[1])));
            } else {
                connection.unsubscribe(topic);
                connection.send("left");
            }
        }
    }
}
