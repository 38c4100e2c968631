package io.peal.benchmarks;

import io.peal.bus.Bus;
import io.peal.bus.PayloadKind;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.file.FileBus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * The time from publishing in one JVM to the callback in another: both spinning, or the receiving one asleep and woken by
 * its doorbell for each message.
 *
 * <p>The publisher sends on a fixed schedule and stamps each message with the time it was <em>due</em>, so that a pause
 * of the publisher is counted for every message it delays (no coordinated omission). The clock is the machine's
 * monotonic one, which on Linux is the same in all processes.
 *
 * <p>Usage: {@code java -cp benchmarks/target/benchmarks.jar io.peal.benchmarks.OneWayLatency [spinning|sleeping
 * PAYLOAD_BYTES MESSAGES_PER_SECOND SECONDS ROUNDS]}; without arguments the usual table.
 */
public final class OneWayLatency {

    private static final Topic TOPIC = Topic.of("latency");
    private static final int WARM_UP_SECONDS = 3;
    private static final int GRACE_SECONDS = 20;

    private OneWayLatency() {}

    /** See the class. */
    public static void main(String... args) throws Exception {
        if (args.length > 0 && args[0].equals("publish")) {
            publish(Path.of(args[1]), Integer.parseInt(args[2]), Integer.parseInt(args[3]), Integer.parseInt(args[4]));
        } else if (args.length > 0 && args[0].equals("read")) {
            read(Path.of(args[1]), args[2], Long.parseLong(args[3]), Long.parseLong(args[4]));
        } else if (args.length == 5) {
            int rounds = Integer.parseInt(args[4]);
            for (int round = 0; round < rounds; round++) {
                measure(args[0], Integer.parseInt(args[1]), Integer.parseInt(args[2]), Integer.parseInt(args[3]));
            }
        } else {
            for (int round = 0; round < 3; round++) {
                measure("spinning", 256, 10_000, 5);
                measure("spinning", 256, 100_000, 5);
                measure("spinning", 16_384, 10_000, 5);
                measure("sleeping", 256, 1_000, 5);
                measure("sleeping", 256, 10_000, 5);
            }
        }
    }

    private static void measure(String waiting, int payloadLength, int rate, int seconds)
            throws IOException, InterruptedException {
        try (ScratchDirectory directory = new ScratchDirectory("peal-latency-")) {
            long skipped = (long) rate * WARM_UP_SECONDS;
            long counted = (long) rate * seconds;
            System.out.printf("%s %6d B at %,7d/s  ", waiting, payloadLength, rate);
            Process reader = start("read", directory.path(), waiting, skipped, counted);
            Process publisher = start("publish", directory.path(), payloadLength, rate, WARM_UP_SECONDS + seconds);
            boolean published = publisher.waitFor() == 0;
            if (!published || !reader.waitFor(GRACE_SECONDS, TimeUnit.SECONDS) || reader.exitValue() != 0) {
                reader.destroyForcibly();
                throw new IllegalStateException("a process of the measurement failed, see above");
            }
        }
    }

    private static Process start(Object... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-cp",
                System.getProperty("java.class.path"),
                OneWayLatency.class.getName()));
        for (Object arg : args) {
            command.add(arg.toString());
        }
        return new ProcessBuilder(command).inheritIO().start();
    }

    private static void publish(Path directory, int payloadLength, int rate, int seconds) {
        ByteBuffer payload = ByteBuffer.allocateDirect(Math.max(payloadLength, Long.BYTES));
        long count = (long) rate * seconds;
        long interval = TimeUnit.SECONDS.toNanos(1) / rate;
        try (Bus bus = FileBus.open(directory)) {
            long start = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(500);
            for (long i = 0; i < count; i++) {
                long due = start + i * interval;
                while (System.nanoTime() < due) {
                    Thread.onSpinWait();
                }
                payload.putLong(0, due);
                bus.publisher().publish(TOPIC, payload, PayloadKind.BINARY);
            }
        }
    }

    private static void read(Path directory, String waiting, long skipped, long counted) throws InterruptedException {
        Histogram histogram = new Histogram(TimeUnit.MINUTES.toNanos(1), 3);
        CountDownLatch done = new CountDownLatch(1);
        long[] seen = {0};
        Subscriber subscriber = message -> {
            if (++seen[0] > skipped) {
                long sentNs = message.payload().getLong(message.payload().position());
                histogram.recordValue(Math.max(0, System.nanoTime() - sentNs)); // two cores, two clocks
            }
            if (seen[0] == skipped + counted) {
                done.countDown();
            }
        };
        try (Bus bus = FileBus.open(directory)) {
            if (waiting.equals("sleeping")) {
                bus.subscribe(TOPIC, StartFrom.earliest(), subscriber);
                done.await();
            } else {
                Reader reader = bus.newReader(StartFrom.earliest());
                while (done.getCount() > 0) {
                    if (reader.poll(subscriber, 64) == 0) {
                        Thread.onSpinWait();
                    }
                }
            }
        }
        System.out.printf(
                "p50 %8.2f   p90 %8.2f   p99 %8.1f   p99.9 %8.1f   max %8.1f us%n",
                us(histogram, 50), us(histogram, 90), us(histogram, 99), us(histogram, 99.9), us(histogram, 100));
    }

    private static double us(Histogram histogram, double percentile) {
        return histogram.getValueAtPercentile(percentile) / 1_000.0;
    }
}
