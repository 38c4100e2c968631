package io.peal.benchmarks;

import io.peal.bus.Bus;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.bus.file.FileBus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * How long publishing takes when several processes publish flat out, on a machine with fewer cores than that: to one bus,
 * and then, as a control, each to a bus of its own. What delays them there, too, is the machine and not that they share.
 *
 * <p>Usage: {@code java -cp benchmarks/target/benchmarks.jar io.peal.benchmarks.ContendedPublish [PROCESSES SECONDS]}
 */
public final class ContendedPublish {

    private static final Topic TOPIC = Topic.of("contended");
    private static final int PAYLOAD_LENGTH = 256;
    private static final int ROUNDS = 3;
    private static final long STALL_NS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long WARM_UP_NS = TimeUnit.SECONDS.toNanos(3);

    private ContendedPublish() {}

    /** See the class. */
    public static void main(String... args) throws IOException, InterruptedException {
        if (args.length == 3) {
            publish(Path.of(args[1]), Integer.parseInt(args[2]));
            return;
        }
        int processes = args.length > 0 ? Integer.parseInt(args[0]) : 4;
        int seconds = args.length > 1 ? Integer.parseInt(args[1]) : 10;
        for (int publishers = 1; publishers <= processes; publishers *= 2) {
            for (int round = 0; round < ROUNDS; round++) {
                System.out.println(publishers + " publishing to one bus");
                publish(publishers, seconds, false);
                if (publishers > 1) {
                    System.out.println(publishers + " publishing, each to a bus of its own");
                    publish(publishers, seconds, true);
                }
            }
        }
    }

    private static void publish(int publishers, int seconds, boolean apart) throws IOException, InterruptedException {
        try (ScratchDirectory directory = new ScratchDirectory("peal-contended-")) {
            List<Process> all = new ArrayList<>();
            for (int i = 0; i < publishers; i++) {
                Path bus = directory.path().resolve(apart ? "bus-" + i : "bus");
                List<String> arguments = List.of("publish", bus.toString(), String.valueOf(seconds));
                all.add(ProcessPair.start(ContendedPublish.class, arguments));
            }
            for (Process process : all) {
                process.waitFor();
            }
        }
    }

    private static void publish(Path directory, int seconds) {
        ByteBuffer payload = ByteBuffer.allocateDirect(PAYLOAD_LENGTH);
        Histogram publishing = new Histogram(TimeUnit.MINUTES.toNanos(1), 3);
        Histogram[] histograms = {new Histogram(publishing), publishing};
        long[] stalls = {0, 0};
        try (Bus bus = FileBus.open(directory)) {
            long warm = System.nanoTime() + WARM_UP_NS;
            long end = warm + TimeUnit.SECONDS.toNanos(seconds);
            for (long now = System.nanoTime(); now < end; ) {
                bus.publisher().publish(TOPIC, payload, PayloadKind.BINARY);
                long published = System.nanoTime();
                int isWarm = (int)
                        ((warm - now) >>> 63); // no branch: the first time it is taken, all of this is compiled anew
                histograms[isWarm].recordValue(published - now);
                stalls[isWarm] += published - now > STALL_NS ? 1 : 0;
                now = published;
            }
        }
        System.out.printf(
                "  %,11d a second   p50 %,6d   p99 %,7d   p99.99 %,11d   max %,11d ns   %,d stalls%n",
                publishing.getTotalCount() / seconds,
                publishing.getValueAtPercentile(50),
                publishing.getValueAtPercentile(99),
                publishing.getValueAtPercentile(99.99),
                publishing.getMaxValue(),
                stalls[1]);
    }
}
