package io.peal.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * How many messages a second go from one process to another, flat out: over the bus in files, one with each call and 32 with
 * each call, over the bus on Aeron, and over Aeron IPC alone beside them, in turns. The receiver counts; what it was too slow
 * for, and was told is lost, stands beside it. (The bus in files does not make its publishers wait; Aeron does.)
 *
 * <p>Usage: {@code java -cp benchmarks/target/benchmarks.jar io.peal.benchmarks.Throughput [SECONDS [ROUNDS [KIND,... [BYTES,...]]]]}
 */
public final class Throughput {

    private static final int[] PAYLOAD_LENGTHS = {32, 256, 1_024, 16_384};
    private static final int WARM_UP_SECONDS = 3;
    private static final int CHECK_EVERY = 256;

    private Throughput() {}

    /** See the class. */
    public static void main(String... args) throws IOException, InterruptedException {
        if (args.length > 0 && args[0].equals("send")) {
            send(
                    Transport.Kind.valueOf(args[2]),
                    Path.of(args[1]),
                    Integer.parseInt(args[3]),
                    Integer.parseInt(args[4]));
            return;
        } else if (args.length > 0 && args[0].equals("receive")) {
            receive(Transport.Kind.valueOf(args[2]), Path.of(args[1]), Integer.parseInt(args[3]));
            return;
        }
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 3;
        String[] kinds =
                args.length > 2 ? args[2].split(",", -1) : new String[] {"FILE", "FILE_BATCH", "AERON_BUS", "AERON"};
        int[] lengths = args.length > 3
                ? Arrays.stream(args[3].split(",", -1))
                        .mapToInt(Integer::parseInt)
                        .toArray()
                : PAYLOAD_LENGTHS;
        for (int payloadLength : lengths) {
            for (int round = 0; round < rounds; round++) {
                for (String kind : kinds) {
                    measure(Transport.Kind.valueOf(kind), payloadLength, seconds);
                }
            }
        }
    }

    private static void measure(Transport.Kind kind, int payloadLength, int seconds)
            throws IOException, InterruptedException {
        System.out.printf("%-11s %6d B  ", kind, payloadLength);
        try (ProcessPair pair = new ProcessPair(Throughput.class, kind)) {
            pair.receive(seconds);
            pair.send(payloadLength, seconds);
            pair.await();
        }
    }

    private static void send(Transport.Kind kind, Path directory, int payloadLength, int seconds) {
        ByteBuffer payload = ByteBuffer.allocateDirect(payloadLength);
        try (Transport transport = Transport.open(kind, directory, true)) {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WARM_UP_SECONDS + seconds + 1L);
            while (System.nanoTime() < end) {
                for (int i = 0; i < CHECK_EVERY; i++) {
                    transport.send(payload, payloadLength);
                }
            }
        }
    }

    private static void receive(Transport.Kind kind, Path directory, int seconds) {
        long[] count = {0};
        try (Transport transport = Transport.open(kind, directory, false)) {
            while (count[0] == 0) {
                transport.receive(payload -> count[0]++);
            }
            receiveFor(TimeUnit.SECONDS.toNanos(WARM_UP_SECONDS), transport, count);
            long lostBefore = transport.lost();
            count[0] = 0;
            long begin = System.nanoTime();
            receiveFor(TimeUnit.SECONDS.toNanos(seconds), transport, count);
            double took = (System.nanoTime() - begin) / 1e9;
            System.out.printf(
                    "%6.2f million/s received   %6.2f million/s lost%n",
                    count[0] / took / 1e6, (transport.lost() - lostBefore) / took / 1e6);
        }
    }

    private static void receiveFor(long ns, Transport transport, long[] count) {
        long end = System.nanoTime() + ns;
        while (System.nanoTime() < end) {
            for (int i = 0; i < CHECK_EVERY; i++) {
                if (transport.receive(payload -> count[0]++) == 0) {
                    Thread.onSpinWait();
                }
            }
        }
    }
}
