package io.peal.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;

/**
 * The time from sending in one process to the callback in another, at a fixed rate.
 *
 * <p>The sender stamps each message with the time it was <em>due</em>, so that a pause of the sender is counted for every
 * message it delays (no coordinated omission). The clock is the machine's monotonic one, which on Linux is the same in all
 * processes.
 *
 * <p>Usage: {@code java -cp benchmarks/target/benchmarks.jar io.peal.benchmarks.OneWayLatency [KIND PAYLOAD_BYTES
 * MESSAGES_PER_SECOND SECONDS ROUNDS [WARM_UP_SECONDS]]}, where the kind is one of {@link Transport.Kind}; without arguments
 * the usual table, which takes 17 minutes. Its warm-up of 5 s is what a replica has behind it soon after its start; what runs
 * seldom is still being compiled then, which a longer one leaves out.
 */
public final class OneWayLatency {

    /** So many messages a second, for so long. */
    record Pace(int rate, int seconds) {

        long messages() {
            return (long) rate * seconds;
        }
    }

    /** Of one run, in microseconds. */
    record Result(double p50, double p90, double p99, double p999, double max) {

        @Override
        public String toString() {
            return String.format(
                    "p50 %8.2f   p90 %8.2f   p99 %8.1f   p99.9 %8.1f   max %8.1f us", p50, p90, p99, p999, max);
        }
    }

    private static final int WARM_UP_SECONDS = 5; // unless another time is asked for
    private static final int WARM_UP_RATE = 20_000; // compilers go by how often, not by how long
    private static final int LONG = 4_096;
    private static final int WARM_UP_RATE_LONG = 5_000;
    private static final int PAUSE_MS = 1_000; // in which what the warm-up has left over comes to an end
    private static final int SECONDS = 5;
    private static final int ROUNDS = 3;
    private static final int[] PAYLOAD_LENGTHS = {32, 256, 1_024, 16_384};
    private static final int[] RATES = {10_000, 100_000};
    private static final int[] ASLEEP_RATES = {1_000, 10_000};
    private static final Transport.Kind[] SPINNING = {
        Transport.Kind.FILE, Transport.Kind.AERON_BUS, Transport.Kind.AERON
    };
    private static final Transport.Kind[] ASLEEP = {
        Transport.Kind.FILE_ASLEEP, Transport.Kind.AERON_BUS_ASLEEP, Transport.Kind.AERON_BACKOFF
    };

    private OneWayLatency() {}

    /** See the class. */
    public static void main(String... args) throws IOException, InterruptedException {
        if (ProcessPair.isRole(args)) {
            Transport.Kind kind = Transport.Kind.valueOf(args[2]);
            if (ProcessPair.isSender(args)) {
                Path directory = Path.of(args[1]);
                Pace warmUp = new Pace(number(args[4]), number(args[5]));
                send(kind, directory, number(args[3]), warmUp, new Pace(number(args[6]), number(args[7])));
            } else {
                receive(kind, Path.of(args[1]), Long.parseLong(args[3]), Long.parseLong(args[4]));
            }
        } else if (args.length == 5 || args.length == 6) {
            Pace pace = new Pace(number(args[2]), number(args[3]));
            int warmUpSeconds = args.length == 6 ? number(args[5]) : WARM_UP_SECONDS;
            for (int round = 0; round < number(args[4]); round++) {
                print(Transport.Kind.valueOf(args[0]), number(args[1]), warmUpSeconds, pace);
            }
        } else {
            for (int rate : RATES) {
                for (int payloadLength : PAYLOAD_LENGTHS) {
                    printAll(SPINNING, payloadLength, rate);
                }
            }
            for (int rate : ASLEEP_RATES) {
                printAll(ASLEEP, 256, rate);
            }
        }
    }

    /** One run, with new processes. */
    static Result measure(Transport.Kind kind, int payloadLength, Pace pace) throws IOException, InterruptedException {
        return measure(kind, payloadLength, WARM_UP_SECONDS, pace);
    }

    private static Result measure(Transport.Kind kind, int payloadLength, int warmUpSeconds, Pace pace)
            throws IOException, InterruptedException {
        try (ProcessPair pair = new ProcessPair(OneWayLatency.class, kind)) {
            int warmUpRate = Math.max(pace.rate, payloadLength > LONG ? WARM_UP_RATE_LONG : WARM_UP_RATE);
            Pace warmUp = new Pace(warmUpRate, warmUpSeconds);
            pair.receive(warmUp.messages(), pace.messages());
            pair.send(payloadLength, warmUp.rate, warmUp.seconds, pace.rate, pace.seconds);
            double[] us = pair.await();
            return new Result(us[0], us[1], us[2], us[3], us[4]);
        }
    }

    private static void printAll(Transport.Kind[] kinds, int payloadLength, int rate)
            throws IOException, InterruptedException {
        for (int round = 0; round < ROUNDS; round++) {
            for (Transport.Kind kind : kinds) {
                print(kind, payloadLength, WARM_UP_SECONDS, new Pace(rate, SECONDS));
            }
        }
    }

    private static void print(Transport.Kind kind, int payloadLength, int warmUpSeconds, Pace pace)
            throws IOException, InterruptedException {
        System.out.printf("%-16s %6d B at %,7d/s  ", kind, payloadLength, pace.rate);
        System.out.println(measure(kind, payloadLength, warmUpSeconds, pace));
    }

    private static void send(Transport.Kind kind, Path directory, int payloadLength, Pace warmUp, Pace pace)
            throws IOException, InterruptedException {
        ByteBuffer payload = ByteBuffer.allocateDirect(Math.max(payloadLength, Long.BYTES));
        try (Transport transport = Transport.open(kind, directory, true)) {
            Rendezvous.await(directory);
            for (int second = 0; second < warmUp.seconds; second++) { // so that beginning and ending are warm, too
                send(transport, payload, payloadLength, new Pace(warmUp.rate, 1));
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
            send(transport, payload, payloadLength, pace);
        }
    }

    private static void send(Transport transport, ByteBuffer payload, int payloadLength, Pace pace) {
        long interval = TimeUnit.SECONDS.toNanos(1) / pace.rate;
        long start = System.nanoTime();
        for (long i = 0; i < pace.messages(); i++) {
            long due = start + i * interval;
            while (System.nanoTime() < due) {
                Thread.onSpinWait();
            }
            payload.putLong(0, due);
            transport.send(payload, payloadLength);
        }
    }

    private static void receive(Transport.Kind kind, Path directory, long skipped, long counted)
            throws IOException, InterruptedException {
        long[] tookNs = new long[1 + Math.toIntExact(counted)]; // the first place is for all that are skipped
        CountDownLatch done = new CountDownLatch(1);
        long[] seen = {0};
        Consumer<ByteBuffer> onPayload = payload -> {
            long place = ++seen[0] - skipped;
            place &= ~(place >> 63); // and no branch: the first time it is taken, all of this is compiled anew
            tookNs[(int) place] = System.nanoTime() - payload.getLong(payload.position());
            if (seen[0] == skipped + counted) {
                done.countDown();
            }
        };
        try (Transport transport = Transport.open(kind, directory, false)) {
            transport.receive(onPayload, Rendezvous.announcing(directory, () -> done.getCount() == 0));
        }
        Histogram histogram = new Histogram(TimeUnit.MINUTES.toNanos(1), 3);
        for (int i = 1; i < tookNs.length; i++) {
            histogram.recordValue(Math.max(0, tookNs[i])); // two cores, two clocks
        }
        System.out.printf(
                Locale.ROOT,
                "%.3f %.3f %.3f %.3f %.3f%n",
                us(histogram, 50),
                us(histogram, 90),
                us(histogram, 99),
                us(histogram, 99.9),
                us(histogram, 100));
    }

    private static int number(String argument) {
        return Integer.parseInt(argument);
    }

    private static double us(Histogram histogram, double percentile) {
        return histogram.getValueAtPercentile(percentile) / 1_000.0;
    }
}
