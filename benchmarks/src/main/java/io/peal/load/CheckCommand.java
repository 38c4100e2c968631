package io.peal.load;

import io.peal.load.run.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Checks the whole of Peal: replicas that are killed and drained, clients that resume on others, every message at each. */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description =
                "Starts the notify example, kills and drains its replicas in turn, and checks every message at every client.")
final class CheckCommand implements Callable<Integer> {

    private static final String FILE = "file";
    private static final String AERON = "aeron";
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(20);
    private static final Duration SETTLE_LIMIT = Duration.ofSeconds(5);

    @Option(names = "--jar", defaultValue = "examples/notify/target/notify.jar", description = "The example's jar.")
    private Path jar = Path.of("");

    @Option(names = "--seconds", defaultValue = "20", description = "How long messages are published (default: 20).")
    private int seconds;

    @Option(names = "--clients", defaultValue = "200", description = "How many clients listen (default: 200).")
    private int clients;

    @Option(names = "--rate", defaultValue = "200", description = "Messages published a second (default: 200).")
    private int rate;

    @Option(
            names = "--interval",
            defaultValue = "2",
            description = "Seconds from one replica that is killed or drained to the next (default: 2).")
    private int interval;

    @Option(
            names = "--disturb",
            defaultValue = "BOTH",
            description = "What is done to replicas in turn: ${COMPLETION-CANDIDATES} (default: BOTH).")
    private Disturbance.Kind kind = Disturbance.Kind.BOTH;

    @Option(names = "--replicas", defaultValue = "3", description = "How many replicas run (default: 3).")
    private int replicaCount;

    @Option(
            names = "--server",
            defaultValue = "netty",
            description = "The server the replicas run on: netty or jetty (default: netty).")
    private String server = "";

    @Option(
            names = "--bus",
            defaultValue = FILE,
            description = "The bus the replicas are on: file or aeron (default: file).")
    private String bus = "";

    @Option(names = "--terminal", description = "Rewrite the line of progress in place, as on a terminal.")
    private boolean terminal;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    private final Ledger ledger = new Ledger();

    @Override
    public Integer call() throws IOException, InterruptedException {
        checkOptions();
        System.out.printf("Starting %d replicas%n", replicaCount);
        try (Replicas replicas = Replicas.start(jar, replicaCount, server, bus);
                Listeners listeners = new Listeners(replicas.address(), ledger)) {
            listeners.connect(clients);
            boolean connected = await(() -> listeners.connected() == clients, CONNECT_LIMIT);
            Map<Integer, Integer> spread = listeners.spread();
            System.out.printf("%d clients connected, by replica: %s%n", listeners.connected(), spread);

            PacedPublisher publisher = new PacedPublisher(replicas.address(), ledger, rate, seconds);
            Disturbance disturbance = new Disturbance(
                    replicas,
                    replicaCount,
                    !bus.equals(FILE),
                    kind,
                    () -> listeners.connected() == clients,
                    Duration.ofSeconds(interval),
                    Duration.ofSeconds(seconds));
            run(publisher, disturbance, listeners);
            boolean backAtTheEnd = await(() -> listeners.connected() == clients, CONNECT_LIMIT);
            await(() -> Verdict.of(ledger).lost() == 0, SETTLE_LIMIT);
            listeners.close();

            Verdict verdict = Verdict.of(ledger);
            print(verdict, disturbance, listeners);
            List<String> failures = new ArrayList<>();
            require(failures, connected, "not every client could connect at the start");
            require(failures, backAtTheEnd, "not every client was connected at the end");
            require(
                    failures,
                    spread.size() == replicaCount || clients < 20 * replicaCount,
                    "not every replica had clients: " + spread);
            judge(failures, verdict, publisher, disturbance, listeners);
            return report(failures, verdict, replicas);
        }
    }

    private void checkOptions() {
        if (seconds < 5 || clients < 1 || rate < 1 || replicaCount < 1 || interval < 1) {
            throw new ParameterException(
                    spec.commandLine(),
                    "at least 5 seconds, 1 client, 1 message a second, 1 replica and 1 second between are needed");
        }
        if (!bus.equals(FILE) && !bus.equals(AERON)) {
            throw new ParameterException(spec.commandLine(), "unknown bus '" + bus + "': expected file or aeron");
        }
        if (!Files.isRegularFile(jar)) {
            throw new ParameterException(
                    spec.commandLine(), "there is no " + jar + ": build it, or name it with --jar");
        }
    }

    private void run(PacedPublisher publisher, Disturbance disturbance, Listeners listeners)
            throws InterruptedException {
        Thread publishing = new Thread(publisher, "publisher");
        Thread disturbing = new Thread(disturbance, "disturbance");
        publishing.start();
        disturbing.start();
        Progress progress = new Progress(terminal);
        while (publishing.isAlive() || disturbing.isAlive()) {
            publishing.join(250);
            if (!publishing.isAlive()) {
                disturbing.join(250);
            }
            progress.show(String.format(
                    "published %,d  delivered %,d  connected %d  kills %d  drains %d",
                    ledger.published(),
                    ledger.deliveries(),
                    listeners.connected(),
                    disturbance.kills(),
                    disturbance.drains()));
        }
        progress.end();
    }

    private void print(Verdict verdict, Disturbance disturbance, Listeners listeners) {
        Histogram latency = listeners.latencyNs();
        System.out.printf("%n  %-28s %,12d%n", "published", ledger.published());
        System.out.printf("  %-28s %,12d%n", "  not acknowledged", ledger.unacknowledged());
        System.out.printf("  %-28s %,12d%n", "delivered", verdict.delivered());
        System.out.printf("  %-28s %,12d%n", "lost", verdict.lost());
        System.out.printf("  %-28s %,12d%n", "duplicated", verdict.duplicated());
        System.out.printf("  %-28s %,12d%n", "out of order", verdict.outOfOrder());
        System.out.printf("  %-28s %,12d%n", "reconnects", listeners.reconnects());
        System.out.printf("  %-28s %,12d%n", "replicas killed (SIGKILL)", disturbance.kills());
        System.out.printf("  %-28s %,12d%n", "replicas drained (SIGTERM)", disturbance.drains());
        if (disturbance.driverKills() > 0) {
            System.out.printf("  %-28s %,12d%n", "drivers killed (SIGKILL)", disturbance.driverKills());
        }
        for (double percentile : new double[] {50, 99, 99.9, 100}) {
            String name =
                    percentile == 100 ? "latency max" : "latency p" + (percentile == 99.9 ? "99.9" : (int) percentile);
            System.out.printf("  %-28s %,12d us%n", name, latency.getValueAtPercentile(percentile) / 1_000);
        }
        Histogram absence = disturbance.absenceNs();
        if (absence.getTotalCount() > 0) {
            System.out.printf(
                    "  %-28s %,12d ms, at most %,d ms%n",
                    "all back after a kill",
                    absence.getValueAtPercentile(50) / 1_000_000,
                    absence.getMaxValue() / 1_000_000);
        }
    }

    private void judge(
            List<String> failures,
            Verdict verdict,
            PacedPublisher publisher,
            Disturbance disturbance,
            Listeners listeners) {
        require(failures, verdict.lost() == 0, verdict.lost() + " messages were lost");
        require(failures, verdict.duplicated() == 0, verdict.duplicated() + " messages came twice");
        require(failures, verdict.outOfOrder() == 0, verdict.outOfOrder() + " messages were out of order");
        require(failures, publisher.failures() == 0, publisher.failures() + " publications were refused");
        require(failures, disturbance.failure().isEmpty(), disturbance.failure());
        require(failures, listeners.failures().isEmpty(), "clients were refused: " + listeners.failures());
        require(failures, disturbance.kills() + disturbance.drains() > 0, "no replica was disturbed");
        int acknowledged = ledger.published() - ledger.unacknowledged();
        require(
                failures,
                acknowledged >= (long) rate * seconds / 2,
                "only " + acknowledged + " messages were published");
        require(failures, verdict.delivered() >= acknowledged, "only " + verdict.delivered() + " deliveries");
    }

    private static int report(List<String> failures, Verdict verdict, Replicas replicas) {
        if (failures.isEmpty()) {
            System.out.printf("%nIt holds: every message came to every client, once and in order.%n");
            return 0;
        }
        System.out.printf("%nIt does not hold:%n");
        failures.forEach(failure -> System.out.println("  " + failure));
        verdict.examples().forEach(example -> System.out.println("    " + example));
        System.out.println("The supervisor printed last:");
        replicas.output().forEach(line -> System.out.println("    " + line));
        return 1;
    }

    private static void require(List<String> failures, boolean holds, String failure) {
        if (!holds) {
            failures.add(failure);
        }
    }

    private static boolean await(BooleanSupplier condition, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        return true;
    }
}
