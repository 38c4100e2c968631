package io.peal.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;

/** What came of a comparison, as a page and a picture: made of the folders of its runs, {@code SERVER-RATE-ROUND}. */
final class ComparisonPage {

    private static final String PAGE_FILE = "compare.md";
    private static final String CHART_FILE = "compare.png";
    private static final String RESULTS_FILE = "results.json";
    private static final String SPEED_FILE = "machine-us.txt";
    private static final String REFERENCE = "PEAL_NETTY";
    private static final Pattern RUN = Pattern.compile("([A-Z_]+)-([0-9]+)-([0-9]+)");
    private static final double MIB = 1 << 20;
    private static final double US_IN_MS = 1_000;

    /** The runs of one server at one rate. */
    private static final class Runs {

        private final List<JsonNode> all = new ArrayList<>();
        private final List<JsonNode> atFullSpeed = new ArrayList<>();

        void add(JsonNode run, boolean fullSpeed) {
            all.add(run);
            if (fullSpeed) {
                atFullSpeed.add(run);
            }
        }

        List<Double> figures(ToDoubleFunction<JsonNode> figure) {
            return counted().stream().map(figure::applyAsDouble).toList();
        }

        long sum(String figure) {
            return counted().stream()
                    .mapToLong(run -> run.path(figure).asLong())
                    .sum();
        }

        String count() {
            return atFullSpeed.size() + " of " + all.size();
        }

        private List<JsonNode> counted() {
            return atFullSpeed.isEmpty() ? all : atFullSpeed;
        }
    }

    private final Map<Integer, Map<String, Runs>> runs = new TreeMap<>(); // by rate, and then by server
    private String header = "";

    /** @param servers in the order in which they are to stand */
    ComparisonPage(Path folder, List<String> servers) throws IOException {
        ObjectMapper json = new ObjectMapper();
        Map<String, Map<Integer, Runs>> byServer = new LinkedHashMap<>();
        servers.forEach(server -> byServer.put(server, new TreeMap<>()));
        List<Path> folders = children(folder);
        double leastUs =
                folders.stream().mapToDouble(ComparisonPage::speedUs).min().orElse(0);
        for (Path run : folders) {
            Matcher name = RUN.matcher(run.getFileName().toString());
            Path results = run.resolve(RESULTS_FILE);
            if (name.matches() && Files.exists(results)) {
                JsonNode summary = json.readTree(results.toFile());
                header = String.format(
                        "%s; %s. %d clients, messages of %d bytes; medians of the runs (first to third quartile). Clients and"
                                + " server share the machine.",
                        summary.path("started").asText(),
                        summary.path("machine").asText(),
                        summary.path("clients").asInt(),
                        summary.path("messageBytes").asInt());
                byServer.computeIfAbsent(name.group(1), key -> new TreeMap<>())
                        .computeIfAbsent(Integer.valueOf(name.group(2)), key -> new Runs())
                        .add(summary, speedUs(run) <= leastUs * MachineSpeed.TOLERANCE);
            }
        }
        byServer.forEach((server, byRate) -> byRate.forEach((rate, all) ->
                runs.computeIfAbsent(rate, key -> new LinkedHashMap<>()).put(server, all)));
    }

    /** Notes beside the results of a run what the machine took for a piece of work, right before or after it. */
    static void noteSpeed(Path run, double us) throws IOException {
        Files.writeString(run.resolve(SPEED_FILE), String.format("%.1f%n", us));
    }

    /** Writes the page and the picture into a folder; returns the page. */
    String write(Path folder) throws IOException {
        if (runs.isEmpty()) {
            throw new IOException("there are no results in " + folder);
        }
        StringBuilder page =
                new StringBuilder("# Servers compared\n\n").append(header).append("\n\n");
        page.append(String.format(
                "The range of a ratio is from the first quartile over the third one of Peal on Netty to the third over the first."
                        + " Counted are runs right before and after which the machine took at most %.1f times its least time for a piece"
                        + " of work; all of them, where there was none.%n%n",
                MachineSpeed.TOLERANCE));
        runs.forEach((rate, byServer) -> append(page, rate, byServer));
        Files.writeString(folder.resolve(PAGE_FILE), page);
        try {
            ByteArrayOutputStream picture = new ByteArrayOutputStream();
            BitmapEncoder.saveBitmap(chart(), picture, BitmapFormat.PNG);
            Files.write(folder.resolve(CHART_FILE), picture.toByteArray());
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | InternalError withoutFonts) {
            System.err.println("no chart: this JVM cannot draw text (install fontconfig and a font)");
        }
        return page.toString();
    }

    private static void append(StringBuilder page, int rate, Map<String, Runs> byServer) {
        page.append(String.format(
                "## %d messages a second%n%n| server | server's CPU for a delivery, us | times Peal on Netty | p50, ms | p99, ms | memory, MiB"
                        + " | lost | twice or out of order | runs |%n|---|---|---|---|---|---|---|---|---|%n",
                rate));
        List<Double> reference = byServer.getOrDefault(REFERENCE, new Runs()).figures(ComparisonPage::cpuUs);
        byServer.forEach((server, all) -> page.append(String.format(
                "| %s | %s | %s | %s | %s | %s | %,d | %,d | %s |%n",
                server,
                spread(all.figures(ComparisonPage::cpuUs), "%.2f"),
                ratio(all.figures(ComparisonPage::cpuUs), reference),
                spread(all.figures(run -> run.path("medianUs").asDouble() / US_IN_MS), "%.1f"),
                spread(all.figures(run -> run.path("p99Us").asDouble() / US_IN_MS), "%.1f"),
                spread(all.figures(run -> run.path("serverPeakBytes").asDouble() / MIB), "%.0f"),
                all.sum("lost"),
                all.sum("duplicated") + all.sum("outOfOrder"),
                all.count())));
        page.append('\n');
    }

    private CategoryChart chart() {
        CategoryChart chart = new CategoryChartBuilder()
                .width(900)
                .height(360)
                .title("The server's CPU time for a delivery")
                .yAxisTitle("us")
                .build();
        chart.getStyler()
                .setLegendPosition(LegendPosition.OutsideS)
                .setLegendLayout(LegendLayout.Horizontal)
                .setChartBackgroundColor(Color.WHITE)
                .setPlotBorderVisible(false);
        runs.forEach((rate, byServer) -> chart.addSeries(
                rate + " messages a second",
                List.copyOf(byServer.keySet()),
                byServer.values().stream()
                        .map(all -> median(all.figures(ComparisonPage::cpuUs)))
                        .toList()));
        return chart;
    }

    private static double cpuUs(JsonNode run) {
        return run.path("serverCpuUsPerDelivery").asDouble();
    }

    private static String spread(List<Double> figures, String format) {
        return figures.isEmpty()
                ? ""
                : String.format(
                        format + " (" + format + " to " + format + ")",
                        median(figures),
                        quantile(figures, 0.25),
                        quantile(figures, 0.75));
    }

    /** As far as it can be told: both were measured several times, and neither is surer than its quartiles. */
    private static String ratio(List<Double> figures, List<Double> reference) {
        return figures.isEmpty() || reference.isEmpty()
                ? ""
                : String.format(
                        "%.2f (%.2f to %.2f)",
                        median(figures) / median(reference),
                        quantile(figures, 0.25) / quantile(reference, 0.75),
                        quantile(figures, 0.75) / quantile(reference, 0.25));
    }

    private static double median(List<Double> figures) {
        return quantile(figures, 0.5);
    }

    /** Between the two figures it lies between, if it is none. */
    private static double quantile(List<Double> figures, double part) {
        if (figures.isEmpty()) {
            return 0;
        }
        List<Double> sorted = figures.stream().sorted().toList();
        double place = part * (sorted.size() - 1);
        double below = sorted.get((int) Math.floor(place));
        return below + (place - Math.floor(place)) * (sorted.get((int) Math.ceil(place)) - below);
    }

    /** What was noted; nothing for a run before which nobody looked. */
    private static double speedUs(Path run) {
        Path file = run.resolve(SPEED_FILE);
        try {
            return Files.exists(file)
                    ? Double.parseDouble(Files.readString(file).trim())
                    : Double.MAX_VALUE;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> children(Path folder) throws IOException {
        List<Path> children = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
            stream.forEach(children::add);
        }
        Collections.sort(children);
        return children;
    }
}
