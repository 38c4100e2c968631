package io.peal.load;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures a broadcast: what a delivery costs the server, and when it arrives; beside a server without Peal. */
@Command(
        name = "fanout",
        mixinStandardHelpOptions = true,
        description =
                "Broadcasts numbered messages to many clients, checks every delivery, and says what each has cost.")
final class FanoutCommand implements Callable<Integer> {

    private static final Duration SETTLE_LIMIT = Duration.ofSeconds(10);

    @Option(
            names = "--servers",
            split = ",",
            defaultValue = "NETTY,PEAL_NETTY,JETTY,PEAL_JETTY",
            description =
                    "What serves, one after the other in each round: NETTY is a channel group, JETTY a loop over sessions"
                            + " (default: NETTY,PEAL_NETTY,JETTY,PEAL_JETTY).")
    private List<BroadcastServer.Kind> kinds = List.of();

    @Option(names = "--receivers", defaultValue = "1000", description = "How many clients read (default: 1000).")
    private int receivers;

    @Option(
            names = "--stalled",
            defaultValue = "0",
            description = "How many more never read, and come back when they are closed (default: 0).")
    private int stalled;

    @Option(names = "--size", defaultValue = "128", description = "Bytes of a message, at least 16 (default: 128).")
    private int size;

    @Option(
            names = "--phases",
            split = ",",
            defaultValue = "flat 1 4,flat 64 4,paced 20 4",
            description =
                    "'flat W S': for S seconds, at most W messages that not everybody has; 'paced R S': R messages a"
                            + " second (default: flat 1 4,flat 64 4,paced 20 4).")
    private List<String> phases = List.of();

    @Option(
            names = "--warm",
            defaultValue = "flat 16 8",
            description = "The phase before, not shown (default: flat 16 8).")
    private String warm = "";

    @Option(names = "--rounds", defaultValue = "3", description = "Rounds, each with new processes (default: 3).")
    private int rounds;

    @Option(names = "--java", split = ",", description = "Options for the servers' JVMs.")
    private List<String> javaOptions = List.of();

    @Override
    public Integer call() throws IOException {
        System.out.printf(
                "%-10s %-12s %12s %12s %9s %9s %9s %6s %6s %9s%n",
                "server",
                "phase",
                "delivered/s",
                "us CPU each",
                "p50 us",
                "p99 us",
                "p99.9 us",
                "lost",
                "order",
                "own MiB");
        boolean good = true;
        for (int round = 0; round < rounds; round++) {
            for (BroadcastServer.Kind kind : kinds) {
                good &= measure(kind);
            }
        }
        return good ? 0 : 1;
    }

    private boolean measure(BroadcastServer.Kind kind) throws IOException {
        boolean good = true;
        try (FanoutServer server = new FanoutServer(kind, Math.max(size, FanoutServerMain.MIN_LENGTH), javaOptions);
                Receivers clients = new Receivers(server.port(), server::acknowledge)) {
            clients.connect(receivers);
            clients.connectStalled(stalled);
            server.await(receivers + stalled);
            List<String> all = new ArrayList<>(List.of(warm));
            all.addAll(phases);
            for (String phase : all) {
                boolean shown = !phase.equals(warm) || phases.contains(warm);
                good &= measure(kind, phase, server, clients, shown);
            }
        }
        return good;
    }

    private boolean measure(
            BroadcastServer.Kind kind, String phase, FanoutServer server, Receivers clients, boolean shown)
            throws IOException {
        long before = clients.deliveries();
        clients.takeLatencyNs();
        Duration cpuBefore = server.cpu();
        long beginNs = System.nanoTime();
        long last = server.run(phase);
        long expected = last * receivers;
        long deadline = System.nanoTime() + SETTLE_LIMIT.toNanos();
        while (clients.deliveries() < expected && System.nanoTime() < deadline) {
            LockSupport.parkNanos(1_000_000);
        }
        double seconds = (System.nanoTime() - beginNs) / 1e9;
        long delivered = clients.deliveries() - before;
        long lost = expected - clients.deliveries();
        double cpuUs = (server.cpu().minus(cpuBefore).toNanos() / 1e3) / Math.max(1, delivered);
        Histogram latency = clients.takeLatencyNs();
        if (shown) {
            System.out.printf(
                    "%-10s %-12s %,12.0f %12.3f %,9d %,9d %,9d %6d %6d %9.1f%n",
                    kind,
                    phase,
                    delivered / seconds,
                    cpuUs,
                    microseconds(latency, 50),
                    microseconds(latency, 99),
                    microseconds(latency, 99.9),
                    lost,
                    clients.outOfOrder(),
                    server.privateMemoryKib() / 1024.0);
            if (stalled > 0) {
                System.out.printf("       %d stalled clients were closed so far%n", clients.stalledClosed());
            }
        }
        return lost == 0 && clients.outOfOrder() == 0 && clients.closed() == 0;
    }

    private static long microseconds(Histogram latencyNs, double percentile) {
        return TimeUnit.NANOSECONDS.toMicros(latencyNs.getValueAtPercentile(percentile));
    }
}
