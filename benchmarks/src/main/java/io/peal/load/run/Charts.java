package io.peal.load.run;

import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** A run as pictures, each a PNG. */
final class Charts {

    private static final int WIDTH = 900;
    private static final int HEIGHT = 360;
    private static final double MIB = 1 << 20;
    private static final double US_IN_MS = 1_000;

    private final List<Sample> samples;

    Charts(List<Sample> samples) {
        this.samples = IntStream.range(0, samples.size()) // the last one may be of the same second as the one before
                .filter(i ->
                        i == 0 || samples.get(i).second() > samples.get(i - 1).second())
                .mapToObj(samples::get)
                .toList();
    }

    /** By the names of their files. */
    Map<String, byte[]> draw() throws IOException {
        Map<String, byte[]> pictures = new LinkedHashMap<>();
        XYChart latency = chart("Latency from when a message was due", "ms");
        List<Sample> heard =
                samples.stream().filter(sample -> sample.delivered() > 0).toList();
        useDecades(latency, heard);
        add(latency, "max", heard, sample -> sample.maxUs() / US_IN_MS);
        add(latency, "p99", heard, sample -> sample.p99Us() / US_IN_MS);
        add(latency, "average", heard, sample -> sample.meanUs() / US_IN_MS);
        add(latency, "median", heard, sample -> sample.medianUs() / US_IN_MS);
        add(latency, "min", heard, sample -> Math.max(1, sample.minUs()) / US_IN_MS);
        pictures.put("latency.png", png(latency));
        XYChart throughput = chart("Deliveries a second", "");
        add(throughput, "delivered", samples, Sample::delivered);
        pictures.put("throughput.png", png(throughput));
        XYChart connections = chart("Connections", "");
        add(connections, "connected", samples, Sample::connected);
        add(connections, "made in a second", samples, Sample::connects);
        add(connections, "failed in a second", samples, Sample::refused);
        pictures.put("connections.png", png(connections));
        XYChart memory = chart("Resident memory", "MiB");
        if (samples.stream().anyMatch(sample -> sample.serverBytes() > 0)) {
            add(memory, "server", samples, sample -> sample.serverBytes() / MIB);
        }
        add(memory, "this tool", samples, sample -> sample.ownBytes() / MIB);
        pictures.put("memory.png", png(memory));
        return pictures;
    }

    /** A logarithmic axis from one power of ten to another: between two of them there would be no number at the axis. */
    private static void useDecades(XYChart chart, List<Sample> samples) {
        double least =
                Math.max(1, samples.stream().mapToDouble(Sample::minUs).min().orElse(1));
        double most = Math.max(
                least + 1, samples.stream().mapToDouble(Sample::maxUs).max().orElse(1));
        chart.getStyler()
                .setYAxisLogarithmic(true)
                .setYAxisMin(Math.pow(10, Math.floor(Math.log10(least))) / US_IN_MS)
                .setYAxisMax(Math.pow(10, Math.ceil(Math.log10(most))) / US_IN_MS);
    }

    private static XYChart chart(String title, String unit) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("seconds")
                .yAxisTitle(unit)
                .build();
        chart.getStyler()
                .setLegendPosition(LegendPosition.OutsideE)
                .setChartBackgroundColor(Color.WHITE)
                .setPlotBorderVisible(false);
        chart.getStyler().setPlotGridLinesColor(new Color(0xe6, 0xe6, 0xe6)).setYAxisDecimalPattern("#,##0.###");
        return chart;
    }

    private static void add(XYChart chart, String name, List<Sample> from, ToDoubleFunction<Sample> figure) {
        if (!from.isEmpty()) {
            double[] seconds = from.stream().mapToDouble(Sample::second).toArray();
            double[] values = from.stream().mapToDouble(figure).toArray();
            chart.addSeries(name, seconds, values).setMarker(SeriesMarkers.NONE);
        }
    }

    private static byte[] png(XYChart chart) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        BitmapEncoder.saveBitmap(chart, bytes, BitmapFormat.PNG);
        return bytes.toByteArray();
    }
}
