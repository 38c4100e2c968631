package io.peal.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many messages a second go from one process to another, flat out. The receiver counts; what it was too slow for, and was
 * told is lost, stands beside it. (The bus in files does not make its publishers wait; most others do.)
 *
 * <p>Usage: {@code java -cp benchmarks/target/benchmarks.jar io.peal.benchmarks.Throughput [SECONDS [ROUNDS [KIND,... [BYTES,...]]]]},
 * where the kind is one of {@link Transport.Kind}.
 */
public final class Throughput {

    /**
     * Of one run.
     *
     * @param received million messages a second
     * @param lost the same of those that were lost
     */
    record Result(double received, double lost) {}

    private static final String USUAL_LENGTHS = "32,256,1024,16384";
    private static final String USUAL_KINDS = "FILE,FILE_BATCH,AERON_BUS,AERON_BUS_BATCH,AERON";
    private static final int WARM_UP_SECONDS = 3;
    private static final int CHECK_EVERY = 256;

    private Throughput() {}

    /** See the class. */
    public static void main(String... args) throws IOException, InterruptedException {
        if (ProcessPair.isRole(args)) {
            Transport.Kind kind = Transport.Kind.valueOf(args[2]);
            if (ProcessPair.isSender(args)) {
                send(kind, Path.of(args[1]), Integer.parseInt(args[3]), Integer.parseInt(args[4]));
            } else {
                receive(kind, Path.of(args[1]), Integer.parseInt(args[3]));
            }
            return;
        }
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 3;
        List<String> kinds = List.of((args.length > 2 ? args[2] : USUAL_KINDS).split(",", -1));
        for (String length : (args.length > 3 ? args[3] : USUAL_LENGTHS).split(",", -1)) {
            for (int round = 0; round < rounds; round++) {
                for (String kind : kinds) {
                    Result result = measure(Transport.Kind.valueOf(kind), Integer.parseInt(length), seconds);
                    System.out.printf(
                            "%-16s %6s B  %6.2f million/s received   %6.2f million/s lost%n",
                            kind, length, result.received(), result.lost());
                }
            }
        }
    }

    /** One run, with new processes. */
    static Result measure(Transport.Kind kind, int payloadLength, int seconds)
            throws IOException, InterruptedException {
        try (ProcessPair pair = new ProcessPair(Throughput.class, kind)) {
            pair.receive(seconds);
            pair.send(payloadLength, seconds);
            double[] numbers = pair.await();
            return new Result(numbers[0], numbers[1]);
        }
    }

    private static void send(Transport.Kind kind, Path directory, int payloadLength, int seconds)
            throws IOException, InterruptedException {
        ByteBuffer payload = ByteBuffer.allocateDirect(payloadLength);
        try (Transport transport = Transport.open(kind, directory, true)) {
            Rendezvous.await(directory);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WARM_UP_SECONDS + seconds + 1L);
            while (System.nanoTime() < end) {
                for (int i = 0; i < CHECK_EVERY; i++) {
                    transport.send(payload, payloadLength);
                }
            }
        }
    }

    private static void receive(Transport.Kind kind, Path directory, int seconds)
            throws IOException, InterruptedException {
        try (Transport transport = Transport.open(kind, directory, false)) {
            Window window = new Window(transport, seconds);
            transport.receive(window::count, Rendezvous.announcing(directory, window::isOver));
            System.out.printf(Locale.ROOT, "%.4f %.4f%n", window.received, window.lost);
        }
    }

    /** The time in which is counted: it begins some seconds after the first message. */
    private static final class Window {

        private final Transport transport;
        private final int seconds;
        private final AtomicLong count =
                new AtomicLong(); // counted by one thread, which may be another one than the asking one
        private long warmNs; // 0 before the first message
        private long beginNs; // 0 before the window
        private long countAtBegin;
        private long lostAtBegin;
        private double received;
        private double lost;

        Window(Transport transport, int seconds) {
            this.transport = transport;
            this.seconds = seconds;
        }

        void count(ByteBuffer payload) {
            count.lazySet(count.getPlain() + 1);
        }

        boolean isOver() {
            long now = System.nanoTime();
            if (beginNs != 0) {
                double took = (now - beginNs) / 1e9;
                received = (count.get() - countAtBegin) / took / 1e6;
                lost = (transport.lost() - lostAtBegin) / took / 1e6;
                return took >= seconds;
            }
            if (warmNs == 0) {
                warmNs = count.get() == 0 ? 0 : now + TimeUnit.SECONDS.toNanos(WARM_UP_SECONDS);
            } else if (now >= warmNs) {
                beginNs = now;
                countAtBegin = count.get();
                lostAtBegin = transport.lost();
            }
            return false;
        }
    }
}
