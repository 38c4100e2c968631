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

    private final Map<Integer, Map<String, List<JsonNode>>> runs = new TreeMap<>(); // by rate, and then by server
    private String header = "";

    /** @param servers in the order in which they are to stand */
    ComparisonPage(Path folder, List<String> servers) throws IOException {
        ObjectMapper json = new ObjectMapper();
        Map<String, Map<Integer, List<JsonNode>>> byServer = new LinkedHashMap<>();
        servers.forEach(server -> byServer.put(server, new TreeMap<>()));
        for (Path run : children(folder)) {
            Matcher name = RUN.matcher(run.getFileName().toString());
            Path results = run.resolve(RESULTS_FILE);
            if (name.matches() && Files.exists(results)) {
                JsonNode summary = json.readTree(results.toFile());
                header = String.format(
                        "%s; %s. %d clients, messages of %d bytes; medians of the rounds (least to greatest). Clients and server share the"
                                + " machine.",
                        summary.path("started").asText(),
                        summary.path("machine").asText(),
                        summary.path("clients").asInt(),
                        summary.path("messageBytes").asInt());
                byServer.computeIfAbsent(name.group(1), key -> new TreeMap<>())
                        .computeIfAbsent(Integer.valueOf(name.group(2)), key -> new ArrayList<>())
                        .add(summary);
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

    private static void append(StringBuilder page, int rate, Map<String, List<JsonNode>> byServer) {
        page.append(String.format(
                "## %d messages a second%n%n| server | server's CPU for a delivery, us | times Peal on Netty | p50, ms | p99, ms | memory, MiB"
                        + " | lost | twice or out of order |%n|---|---|---|---|---|---|---|---|%n",
                rate));
        double reference = median(byServer.getOrDefault(REFERENCE, List.of()), ComparisonPage::cpuUs);
        byServer.forEach((server, all) -> page.append(String.format(
                "| %s | %s | %s | %s | %s | %s | %,d | %,d |%n",
                server,
                spread(all, ComparisonPage::cpuUs, "%.2f"),
                reference > 0 ? String.format("%.2f", median(all, ComparisonPage::cpuUs) / reference) : "",
                spread(all, run -> run.path("medianUs").asDouble() / US_IN_MS, "%.1f"),
                spread(all, run -> run.path("p99Us").asDouble() / US_IN_MS, "%.1f"),
                spread(all, run -> run.path("serverPeakBytes").asDouble() / MIB, "%.0f"),
                sum(all, "lost"),
                sum(all, "duplicated") + sum(all, "outOfOrder"))));
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
                        .map(all -> median(all, ComparisonPage::cpuUs))
                        .toList()));
        return chart;
    }

    private static double cpuUs(JsonNode run) {
        return run.path("serverCpuUsPerDelivery").asDouble();
    }

    private static long sum(List<JsonNode> runs, String figure) {
        return runs.stream().mapToLong(run -> run.path(figure).asLong()).sum();
    }

    private static String spread(List<JsonNode> runs, ToDoubleFunction<JsonNode> figure, String format) {
        List<Double> figures = runs.stream().map(figure::applyAsDouble).toList();
        return String.format(
                format + " (" + format + " to " + format + ")",
                median(runs, figure),
                Collections.min(figures),
                Collections.max(figures));
    }

    private static double median(List<JsonNode> runs, ToDoubleFunction<JsonNode> figure) {
        double[] sorted = runs.stream().mapToDouble(figure).sorted().toArray();
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
