package io.peal.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
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
import org.knowm.xchart.style.Styler.LegendPosition;

/** What came of a comparison, as a page and a picture: made of the folders of its runs, {@code SERVER-RATE-ROUND}. */
final class ComparisonPage {

    private static final String PAGE_FILE = "compare.md";
    private static final String CHART_FILE = "compare.png";
    private static final String RESULTS_FILE = "results.json";
    private static final String REFERENCE = "PEAL_NETTY";
    private static final Pattern RUN = Pattern.compile("([A-Z_]+)-([0-9]+)-([0-9]+)");
    private static final double MIB = 1 << 20;
    private static final double US_IN_MS = 1_000;

    /** The runs of one server at one rate, by their rounds. */
    private static final class Rounds extends TreeMap<Integer, JsonNode> {

        private static final long serialVersionUID = 1L;

        List<Double> figures(ToDoubleFunction<JsonNode> figure) {
            return values().stream().map(figure::applyAsDouble).toList();
        }

        long sum(String figure) {
            return values().stream().mapToLong(run -> run.path(figure).asLong()).sum();
        }

        /** How many times the other one's figure it is, in each round that both have been in. */
        List<Double> ratios(Rounds other, ToDoubleFunction<JsonNode> figure) {
            return entrySet().stream()
                    .filter(entry -> other.containsKey(entry.getKey()))
                    .map(entry ->
                            figure.applyAsDouble(entry.getValue()) / figure.applyAsDouble(other.get(entry.getKey())))
                    .toList();
        }
    }

    private final Map<Integer, Map<String, Rounds>> runs = new TreeMap<>(); // by rate, and then by server
    private String header = "";

    /** @param servers in the order in which they are to stand */
    ComparisonPage(Path folder, List<String> servers) throws IOException {
        ObjectMapper json = new ObjectMapper();
        Map<String, Map<Integer, Rounds>> byServer = new LinkedHashMap<>();
        servers.forEach(server -> byServer.put(server, new TreeMap<>()));
        for (Path run : children(folder)) {
            Matcher name = RUN.matcher(run.getFileName().toString());
            Path results = run.resolve(RESULTS_FILE);
            if (name.matches() && Files.exists(results)) {
                JsonNode summary = json.readTree(results.toFile());
                header = String.format(
                        "%s; %s. %d clients, messages of %d bytes; medians of the rounds (least to greatest); ratios within a round."
                                + " Clients and server share the machine.",
                        summary.path("started").asText(),
                        summary.path("machine").asText(),
                        summary.path("clients").asInt(),
                        summary.path("messageBytes").asInt());
                byServer.computeIfAbsent(name.group(1), key -> new TreeMap<>())
                        .computeIfAbsent(Integer.valueOf(name.group(2)), key -> new Rounds())
                        .put(Integer.valueOf(name.group(3)), summary);
            }
        }
        byServer.forEach((server, byRate) -> byRate.forEach((rate, all) ->
                runs.computeIfAbsent(rate, key -> new LinkedHashMap<>()).put(server, all)));
    }

    /** Writes the page and the picture into a folder; returns the page. */
    String write(Path folder) throws IOException {
        if (runs.isEmpty()) {
            throw new IOException("there are no results in " + folder);
        }
        StringBuilder page =
                new StringBuilder("# Servers compared\n\n").append(header).append("\n\n");
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

    private static void append(StringBuilder page, int rate, Map<String, Rounds> byServer) {
        page.append(String.format(
                "## %d messages a second%n%n| server | server's CPU for a delivery, us | times Peal on Netty | p50, ms | p99, ms | memory, MiB"
                        + " | lost | twice or out of order |%n|---|---|---|---|---|---|---|---|%n",
                rate));
        Rounds reference = byServer.getOrDefault(REFERENCE, new Rounds());
        byServer.forEach((server, rounds) -> page.append(String.format(
                "| %s | %s | %s | %s | %s | %s | %,d | %,d |%n",
                server,
                spread(rounds.figures(ComparisonPage::cpuUs), "%.2f"),
                spread(rounds.ratios(reference, ComparisonPage::cpuUs), "%.2f"),
                spread(rounds.figures(run -> run.path("medianUs").asDouble() / US_IN_MS), "%.1f"),
                spread(rounds.figures(run -> run.path("p99Us").asDouble() / US_IN_MS), "%.1f"),
                spread(rounds.figures(run -> run.path("serverPeakBytes").asDouble() / MIB), "%.0f"),
                rounds.sum("lost"),
                rounds.sum("duplicated") + rounds.sum("outOfOrder"))));
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
                .setLegendPosition(LegendPosition.InsideNE)
                .setChartBackgroundColor(Color.WHITE)
                .setPlotBorderVisible(false);
        runs.forEach((rate, byServer) -> chart.addSeries(
                rate + " messages a second",
                List.copyOf(byServer.keySet()),
                byServer.values().stream()
                        .map(rounds -> median(rounds.figures(ComparisonPage::cpuUs)))
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
                        Collections.min(figures),
                        Collections.max(figures));
    }

    private static double median(List<Double> figures) {
        double[] sorted =
                figures.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int half = sorted.length / 2;
        if (sorted.length == 0) {
            return 0;
        }
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
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
