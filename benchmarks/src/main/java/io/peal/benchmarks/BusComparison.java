package io.peal.benchmarks;

import io.peal.benchmarks.Transport.Kind;
import io.peal.load.MachineSpeed;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * All ways from one process to another side by side, as Markdown: throughput, latency at a fixed rate while spinning and while
 * asleep, and the processor time of who has nothing to do. Kinds take turns within a round, every run has new processes; a figure is the
 * median of the rounds, with the least and the greatest behind it. Where the machine was slower before or after a run than it can be, the run is made again,
 * as long as that takes no more time than the runs themselves.
 *
 * <p>Redis and NATS are left out, with a word, where {@code redis-server} or {@code nats-server} is not installed.
 *
 * <p>Usage: {@code java -cp benchmarks/target/benchmarks.jar io.peal.benchmarks.BusComparison [ROUNDS [SECONDS [KIND,... [PART,...]]]]},
 * where {@code ALL} are all kinds, and the parts are {@code throughput}, {@code spinning}, {@code asleep} and {@code idle}; with the usual 3 rounds of 3 seconds
 * all of it takes half an hour on two cores.
 */
public final class BusComparison {

    private static final String ALL_PARTS = "throughput,spinning,asleep,idle";
    private static final int[] LENGTHS = {32, 256, 1_024, 16_384};
    private static final int SPINNING_RATE = 10_000;
    private static final int[] ASLEEP_RATES = {1_000, 10_000};
    private static final int LENGTH = 256;
    private static final int IDLE_SETTLING_SECONDS = 30;

    private final int rounds;
    private final int seconds;
    private final Set<Kind> kinds;
    private final List<String> parts;
    private final MachineSpeed speed;
    private int measurements;
    private int slow;

    private BusComparison(int rounds, int seconds, Set<Kind> kinds, List<String> parts, MachineSpeed speed) {
        this.parts = parts;
        this.speed = speed;
        this.rounds = rounds;
        this.seconds = seconds;
        this.kinds = kinds;
    }

    /** See the class. */
    public static void main(String... args) throws IOException, InterruptedException {
        if (ProcessPair.isRole(args)) {
            throw new IllegalArgumentException("the measuring processes have programs of their own");
        }
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 3;
        int seconds = args.length > 1 ? Integer.parseInt(args[1]) : 3;
        Set<Kind> kinds = EnumSet.noneOf(Kind.class);
        if (args.length > 2 && !args[2].equals("ALL")) {
            for (String kind : args[2].split(",", -1)) {
                kinds.add(Kind.valueOf(kind));
            }
        } else {
            kinds.addAll(EnumSet.allOf(Kind.class));
        }
        List<String> parts = List.of((args.length > 3 ? args[3] : ALL_PARTS).split(",", -1));
        try (MachineSpeed speed = new MachineSpeed()) {
            new BusComparison(rounds, seconds, installed(kinds), parts, speed).run();
        }
    }

    private static Set<Kind> installed(Set<Kind> kinds) {
        Set<Kind> installed = EnumSet.copyOf(kinds);
        for (Kind kind : kinds) {
            try (ProcessPair pair = new ProcessPair(Throughput.class, kind)) {
                pair.cpuTime();
            } catch (IOException e) {
                System.out.println(kind + " is left out: " + e.getMessage() + "\n");
                installed.remove(kind);
            }
        }
        return installed;
    }

    private void run() throws IOException, InterruptedException {
        System.out.printf(
                "%d processors, Linux %s, JDK %s; medians of %d rounds of %d s (least to greatest)%n%n",
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.version"),
                Runtime.version(),
                rounds,
                seconds);
        if (parts.contains("throughput")) {
            throughput();
        }
        if (parts.contains("spinning")) {
            latency("Spinning", true, SPINNING_RATE);
        }
        for (int rate : parts.contains("asleep") ? ASLEEP_RATES : new int[0]) {
            latency("Asleep", false, rate);
        }
        if (parts.contains("idle")) {
            idle();
        }
        if (measurements > 0) { // what is idle hardly depends on it, and is not among them
            System.out.printf("%nRuns that did not get the machine's full speed: %d of %d.%n", slow, measurements);
        }
    }

    private <T> T measured(MachineSpeed.Measurement<T> measurement) throws IOException, InterruptedException {
        MachineSpeed.Measured<T> measured = speed.measure(measurement);
        measurements++;
        slow += measured.atFullSpeed() ? 0 : 1;
        return measured.result();
    }

    private void throughput() throws IOException, InterruptedException {
        System.out.print("Flat out, million messages a second:\n\n| |");
        for (int length : LENGTHS) {
            System.out.print(" " + length + " B |");
        }
        System.out.println("\n|---|---|---|---|---|");
        Map<Kind, StringBuilder> rows = new EnumMap<>(Kind.class);
        List<Kind> all = kinds.stream()
                .filter(kind -> kind.spins() || kind == Kind.REDIS || kind == Kind.NATS)
                .toList();
        for (int length : LENGTHS) {
            Map<Kind, List<Double>> received = new EnumMap<>(Kind.class);
            Map<Kind, List<Double>> lost = new EnumMap<>(Kind.class);
            for (int round = 0; round < rounds; round++) {
                for (Kind kind : all) {
                    Throughput.Result result = measured(() -> Throughput.measure(kind, length, seconds));
                    received.computeIfAbsent(kind, key -> new ArrayList<>()).add(result.received());
                    lost.computeIfAbsent(kind, key -> new ArrayList<>()).add(result.lost());
                }
            }
            for (Kind kind : all) {
                StringBuilder row = rows.computeIfAbsent(kind, key -> new StringBuilder("| " + key + " |"));
                row.append(' ').append(Spread.of(received.getOrDefault(kind, List.of())));
                double overtaken = Spread.median(lost.getOrDefault(kind, List.of()));
                row.append(overtaken > 0.005 ? String.format(", %.2f overtaken |", overtaken) : " |");
            }
        }
        rows.values().forEach(System.out::println);
        System.out.println();
    }

    private void latency(String title, boolean spinning, int rate) throws IOException, InterruptedException {
        System.out.printf(
                "%s, one way, %d B at %,d a second, microseconds:%n%n| | p50 | p90 | p99 | p99.9 |%n|---|---|---|---|---|%n",
                title, LENGTH, rate);
        List<Kind> all = kinds.stream()
                .filter(kind -> kind.spins() == spinning && kind.messagesACall() == 1)
                .toList();
        Map<Kind, List<OneWayLatency.Result>> results = new EnumMap<>(Kind.class);
        for (int round = 0; round < rounds; round++) {
            for (Kind kind : all) {
                results.computeIfAbsent(kind, key -> new ArrayList<>())
                        .add(measured(
                                () -> OneWayLatency.measure(kind, LENGTH, new OneWayLatency.Pace(rate, seconds))));
            }
        }
        results.forEach((kind, runs) -> System.out.printf(
                "| %s | %s | %s | %s | %s |%n",
                kind,
                Spread.of(runs.stream().map(OneWayLatency.Result::p50).toList()),
                Spread.of(runs.stream().map(OneWayLatency.Result::p90).toList()),
                Spread.of(runs.stream().map(OneWayLatency.Result::p99).toList()),
                Spread.of(runs.stream().map(OneWayLatency.Result::p999).toList())));
        System.out.println();
    }

    private void idle() throws IOException, InterruptedException {
        System.out.printf(
                "Nothing to do: percent of a core, of the receiving process and what runs beside it, %d to %d s after they were"
                        + " started:%n%n| | |%n|---|---|%n",
                IDLE_SETTLING_SECONDS, IDLE_SETTLING_SECONDS + seconds * 5);
        for (Kind kind : kinds) {
            if (!kind.spins()) {
                List<Double> percents = new ArrayList<>();
                for (int round = 0; round < rounds; round++) {
                    percents.add(idlePercent(kind));
                }
                System.out.printf("| %s | %s |%n", kind, Spread.of(percents));
            }
        }
    }

    private double idlePercent(Kind kind) throws IOException, InterruptedException {
        try (ProcessPair pair = new ProcessPair(OneWayLatency.class, kind)) {
            pair.receive(0, 1);
            TimeUnit.SECONDS.sleep(IDLE_SETTLING_SECONDS);
            Duration before = pair.cpuTime();
            TimeUnit.SECONDS.sleep(seconds * 5L);
            return 100.0 * pair.cpuTime().minus(before).toMillis() / (seconds * 5_000.0);
        }
    }

    /** A median, and what it is the median of. */
    private static final class Spread {

        private Spread() {}

        static String of(List<Double> figures) {
            return String.format(
                    "%s (%s to %s)",
                    shown(median(figures)), shown(Collections.min(figures)), shown(Collections.max(figures)));
        }

        static double median(List<Double> figures) {
            List<Double> sorted = figures.stream().sorted().toList();
            int half = sorted.size() / 2;
            return sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
        }

        private static String shown(double figure) {
            return figure >= 100
                    ? String.format("%,.0f", figure)
                    : figure >= 10 ? String.format("%.1f", figure) : String.format("%.2f", figure);
        }
    }
}
