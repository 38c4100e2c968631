package io.peal.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.peal.load.run.RunCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The same load on several servers in turn, several rounds, and one page with what came of it. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Runs the same load on Peal and on servers without it, in turn, and writes one page with medians, spread and"
                        + " ratios.")
final class CompareCommand implements Callable<Integer> {

    /** One load on one server in one round. */
    private record Run(
            double cpuUs,
            double medianUs,
            double p99Us,
            double memoryMib,
            double deliveredPerSecond,
            long lost,
            long wrong) {}

    private static final String REFERENCE = "PEAL_NETTY";

    @Option(
            names = "--servers",
            split = ",",
            defaultValue = "PEAL_NETTY,PEAL_JETTY,NETTY,JETTY,NETTY_REDIS,WS,BUN",
            description = "What serves; those that cannot be started are left out (default: ${DEFAULT-VALUE}).")
    private List<String> servers = List.of();

    @Option(names = "--rounds", defaultValue = "3", description = "Rounds (default: 3).")
    private int rounds;

    @Option(names = "--clients", defaultValue = "1000", description = "How many clients read (default: 1000).")
    private int clients;

    @Option(names = "--size", defaultValue = "128", description = "Bytes of a message (default: 128).")
    private int size;

    @Option(
            names = "--rates",
            split = ",",
            defaultValue = "20,100",
            description = "Messages a second: a load each (default: 20,100).")
    private List<Integer> rates = List.of();

    @Option(
            names = "--warm-up",
            defaultValue = "15s",
            description = "How long the greatest load runs on a new server before anything counts (default: 15s).")
    private String warmUp = "";

    @Option(names = "--duration", defaultValue = "10s", description = "Of each load (default: 10s).")
    private String duration = "";

    @Option(
            names = "--node",
            defaultValue = "benchmarks/compare",
            description = "Where ws.mjs and bun.js are, and their node_modules (default: ${DEFAULT-VALUE}).")
    private Path node = Path.of("");

    @Option(names = "--out", description = "The folder for the results (default: results/compare-<date and time>).")
    private @Nullable Path out;

    private final ObjectMapper json = new ObjectMapper();

    @Override
    public Integer call() throws IOException, InterruptedException {
        String started = LocalDateTime.now(ZoneId.systemDefault())
                .format(DateTimeFormatter.ofPattern("yyyy-MM-dd_HHmmss", Locale.ROOT));
        Path folder = out == null ? Path.of("results", "compare-" + started) : out;
        Files.createDirectories(folder);
        List<String> able = new ArrayList<>(servers);
        Map<Integer, Map<String, List<Run>>> runs = new LinkedHashMap<>();
        for (int round = 1; round <= rounds; round++) {
            for (String server : List.copyOf(able)) {
                try (ComparedServer running = ComparedServer.start(server, node)) {
                    load(running, Collections.max(rates), warmUp, folder.resolve(server + "-warm-up-" + round));
                    for (int rate : rates) {
                        Path results = folder.resolve(server + "-" + rate + "-" + round);
                        load(running, rate, duration, results);
                        runs.computeIfAbsent(rate, key -> new LinkedHashMap<>())
                                .computeIfAbsent(server, key -> new ArrayList<>())
                                .add(read(results));
                    }
                } catch (IOException e) {
                    System.out.println(server + " is left out: " + e.getMessage());
                    able.remove(server);
                }
            }
        }
        String page = page(started, runs);
        Files.writeString(folder.resolve("compare.md"), page);
        System.out.println(page);
        System.out.println("results in " + folder);
        return 0;
    }

    private void load(ComparedServer server, int rate, String time, Path results) throws IOException {
        String[] run = {
            server.url(),
            "--clients=" + clients,
            "--size=" + size,
            "--rate=" + rate,
            "--duration=" + time,
            "--pid=" + server.pid(),
            "--out=" + results,
            "--title=" + server.name() + ", " + rate + " a second",
            "--quiet"
        };
        if (new CommandLine(new RunCommand()).execute(run) != 0) {
            throw new IOException("the load could not be run: try 'run " + String.join(" ", run) + "'");
        }
        System.out.println(server.name() + " " + rate + " a second: done");
    }

    private Run read(Path results) throws IOException {
        JsonNode summary = json.readTree(results.resolve("results.json").toFile());
        return new Run(
                summary.path("serverCpuUsPerDelivery").asDouble(),
                summary.path("medianUs").asDouble(),
                summary.path("p99Us").asDouble(),
                summary.path("serverPeakBytes").asDouble() / (1 << 20),
                summary.path("deliveredPerSecond").asDouble(),
                summary.path("lost").asLong(),
                summary.path("duplicated").asLong() + summary.path("outOfOrder").asLong());
    }

    private String page(String started, Map<Integer, Map<String, List<Run>>> runs) throws IOException {
        StringBuilder page = new StringBuilder("# Servers compared\n\n");
        page.append(String.format(
                "%s, %d processors%s, Linux %s, JDK %s. %d clients, messages of %d bytes, %s each load; medians of %d rounds in turn (least to"
                        + " greatest). Clients and server share the machine.%n%n",
                started.replace('_', ' '),
                Runtime.getRuntime().availableProcessors(),
                processor(),
                System.getProperty("os.version"),
                Runtime.version(),
                clients,
                size,
                duration,
                rounds));
        runs.forEach((rate, byServer) -> {
            page.append(String.format(
                    "## %d messages a second, %,d deliveries%n%n| server | server's CPU for a delivery, us | times Peal on Netty | p50, ms | p99,"
                            + " ms | memory, MiB | lost | twice or out of order |%n|---|---|---|---|---|---|---|---|%n",
                    rate, rate * clients));
            double reference = median(byServer.getOrDefault(REFERENCE, List.of()), Run::cpuUs);
            byServer.forEach((server, all) -> page.append(String.format(
                    "| %s | %s | %s | %s | %s | %s | %,d | %,d |%n",
                    server,
                    spread(all, Run::cpuUs, "%.2f"),
                    reference > 0 ? String.format("%.2f", median(all, Run::cpuUs) / reference) : "",
                    spread(all, run -> run.medianUs() / 1_000, "%.1f"),
                    spread(all, run -> run.p99Us() / 1_000, "%.1f"),
                    spread(all, Run::memoryMib, "%.0f"),
                    all.stream().mapToLong(Run::lost).sum(),
                    all.stream().mapToLong(Run::wrong).sum())));
            page.append('\n');
        });
        return page.toString();
    }

    /** What the system calls its processor, if it says so. */
    private static String processor() throws IOException {
        Path info = Path.of("/proc/cpuinfo");
        if (Files.notExists(info)) {
            return "";
        }
        return Files.readAllLines(info).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> " (" + line.substring(line.indexOf(':') + 1).strip() + ")")
                .findFirst()
                .orElse("");
    }

    private static String spread(List<Run> runs, Function<Run, Double> figure, String format) {
        List<Double> figures = runs.stream().map(figure).toList();
        return String.format(
                format + " (" + format + " to " + format + ")",
                median(runs, figure),
                Collections.min(figures),
                Collections.max(figures));
    }

    private static double median(List<Run> runs, Function<Run, Double> figure) {
        List<Double> sorted = runs.stream().map(figure).sorted().toList();
        return sorted.isEmpty() ? 0 : sorted.get(sorted.size() / 2);
    }
}
