package io.peal.bus.aeron.hosts;

import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.file.FileBus;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * A process on one of several hosts: {@code bridge} is a replica with a bridge, and may be killed; {@code service} publishes
 * numbered messages when it is told to, and checks that what it reads of each host is complete and in order.
 */
final class HostMain {

    private static final Topic TOPIC = Topic.of("hosts");
    private static final int FILLER = 300;

    private HostMain() {}

    /** {@code bridge DIRECTORY ENDPOINT PEER...} or {@code service DIRECTORY NAME}. */
    public static void main(String... args) throws IOException, InterruptedException {
        Path bus = Path.of(args[1], "bus");
        if (args[0].equals("bridge")) {
            HostBridge.Builder options = HostBridge.at(Path.of(args[1], "bridge"))
                    .bus(() -> FileBus.at(bus).replicaName("bridge").open())
                    .endpoint(args[2])
                    .errorHandler(error -> System.out.println("ERROR " + error));
            for (int i = 3; i < args.length; i++) {
                options.peer(args[i]);
            }
            bridge(options);
        } else {
            serve(FileBus.at(bus).replicaName(args[2]).open(), args[2]);
        }
    }

    /** Prints {@code connected} each time it becomes so, and {@code status} at the end of its life. */
    private static void bridge(HostBridge.Builder options) throws InterruptedException {
        HostBridge bridge = options.open();
        boolean connected = false;
        while (true) {
            HostBridgeStatus status = bridge.status();
            boolean now = status.active() && status.peers().stream().allMatch(HostBridgeStatus.Peer::connected);
            if (now != connected) {
                System.out.println(now ? "connected " + status.peers() : "alone");
                connected = now;
            }
            Thread.sleep(20);
        }
    }

    /** {@code publish COUNT PAUSE_US} and {@code seen} are what it can be told. */
    private static void serve(FileBus bus, String name) throws IOException {
        Checking checking = new Checking();
        Reader reader = bus.newReader(StartFrom.latest());
        Thread readers = new Thread(() -> {
            while (true) {
                if (reader.poll(checking, 256) == 0) {
                    LockSupport.parkNanos(100_000);
                }
            }
        });
        readers.setDaemon(true);
        readers.start();
        System.out.println("ready");
        int published = 0;
        String filler = "x".repeat(FILLER);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split(" ", -1);
            if (words[0].equals("publish")) {
                int count = Integer.parseInt(words[1]);
                for (int i = 0; i < count; i++) {
                    bus.publisher().publish(TOPIC, name + " " + ++published + " " + filler);
                    LockSupport.parkNanos(Long.parseLong(words[2]) * 1_000);
                }
                System.out.println("published " + published);
            } else {
                System.out.println("seen " + new TreeMap<>(checking.seen));
            }
        }
    }

    /** Prints {@code WRONG} and what about each message that is not the next one of its host. */
    private static final class Checking implements Subscriber {

        private final Map<String, Integer> seen = new ConcurrentHashMap<>();

        @Override
        public void onMessage(Message message) {
            String[] words = message.text().split(" ", 3);
            int number = Integer.parseInt(words[1]);
            int before = seen.getOrDefault(words[0], 0);
            if (number != before + 1) {
                System.out.println("WRONG " + words[0] + " " + number + " after " + before);
            }
            seen.put(words[0], number);
        }

        @Override
        public void onGap(Gap gap) {
            System.out.println("WRONG " + gap);
        }
    }
}
