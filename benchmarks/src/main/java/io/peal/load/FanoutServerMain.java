package io.peal.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A {@link BroadcastServer} that sends numbered messages as it is told, in lines on its standard input: {@code await N}
 * connections; {@code flat W S}: for S seconds, at most W messages that not everybody has; {@code paced R S}: R messages a
 * second; {@code a}: everybody has one more.
 */
final class FanoutServerMain {

    static final int MIN_LENGTH = 2 * Long.BYTES; // number and time

    private final Semaphore window = new Semaphore(0);
    private final int length;
    private final BroadcastServer server;
    private long sequence;

    private FanoutServerMain(BroadcastServer server, int length) {
        this.server = server;
        this.length = length;
    }

    /** Arguments: the kind, a directory for the bus, the length of a message. */
    public static void main(String... args) throws Exception {
        BroadcastServer server = BroadcastServer.Kind.valueOf(args[0]).start(Path.of(args[1]));
        System.out.println("listening " + server.port());
        new FanoutServerMain(server, Integer.parseInt(args[2]))
                .obey(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)));
        System.exit(0);
    }

    private void obey(BufferedReader commands) throws IOException {
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split(" ", -1);
            switch (words[0]) {
                case "a" -> window.release();
                case "await" -> await(Integer.parseInt(words[1]));
                case "flat" -> start(() -> flat(Integer.parseInt(words[1]), Integer.parseInt(words[2])));
                case "paced" -> start(() -> paced(Integer.parseInt(words[1]), Integer.parseInt(words[2])));
                default -> throw new IOException("not understood: " + line);
            }
        }
    }

    private static void start(Runnable phase) {
        Thread thread = new Thread(phase, "publisher");
        thread.setDaemon(true);
        thread.start();
    }

    private void await(int count) {
        while (server.connections() < count) {
            LockSupport.parkNanos(1_000_000);
        }
        System.out.println("ready");
    }

    private void flat(int inFlight, int seconds) {
        window.drainPermits();
        window.release(inFlight);
        long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        try {
            for (long leftNs = endNs - System.nanoTime();
                    leftNs > 0 && window.tryAcquire(leftNs, TimeUnit.NANOSECONDS);
                    leftNs = endNs - System.nanoTime()) {
                publish(System.nanoTime());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        System.out.println("sent " + sequence);
    }

    private void paced(int perSecond, int seconds) {
        long beginNs = System.nanoTime();
        for (long i = 0; i < (long) perSecond * seconds; i++) {
            long dueNs = beginNs + TimeUnit.SECONDS.toNanos(i) / perSecond;
            for (long left = dueNs - System.nanoTime(); left > 0; left = dueNs - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            publish(dueNs); // and not the time it really is: a sender that is late makes the message late
        }
        System.out.println("sent " + sequence);
    }

    private void publish(long timeNs) {
        ByteBuffer payload = ByteBuffer.allocate(length);
        payload.putLong(0, ++sequence).putLong(Long.BYTES, timeNs);
        server.broadcast(payload);
    }
}
