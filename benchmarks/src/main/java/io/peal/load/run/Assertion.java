package io.peal.load.run;

import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What somebody wants of a run, such as {@code p99<50ms}: it decides the exit code.
 *
 * @param limit in microseconds, bytes, percent, or a count
 * @param unit as it was written, empty if none was
 */
record Assertion(String text, String figure, String comparison, double limit, String unit) {

    private static final Pattern SYNTAX =
            Pattern.compile("\\s*([a-z0-9.]+)\\s*(<=|>=|<|>|=)\\s*([0-9.]+)\\s*(us|ms|s|%|k|m|kib|mib|gib)?\\s*");

    private static final Map<String, ToDoubleFunction<Summary>> FIGURES = new TreeMap<>(Map.ofEntries(
            Map.entry("min", Summary::minUs),
            Map.entry("p50", Summary::medianUs),
            Map.entry("mean", Summary::meanUs),
            Map.entry("p90", Summary::p90Us),
            Map.entry("p99", Summary::p99Us),
            Map.entry("p99.9", Summary::p999Us),
            Map.entry("max", Summary::maxUs),
            Map.entry("lost", Summary::lost),
            Map.entry("duplicated", Summary::duplicated),
            Map.entry("outoforder", Summary::outOfOrder),
            Map.entry("unpublished", Summary::unpublished),
            Map.entry("delivered", Summary::delivered),
            Map.entry("throughput", Summary::deliveredPerSecond),
            Map.entry("cpu", Summary::serverCpuUsPerDelivery),
            Map.entry("memory", Summary::serverPeakBytes),
            Map.entry("success", Summary::successPercent)));

    private static final Set<String> LATENCIES = Set.of("min", "p50", "mean", "p90", "p99", "p99.9", "max", "cpu");

    /** Several, with commas between them. */
    static List<Assertion> parse(String text) {
        List<Assertion> all = new ArrayList<>();
        for (String each : text.split(",", -1)) {
            Matcher matcher = SYNTAX.matcher(each.toLowerCase(Locale.ROOT));
            if (!matcher.matches() || !FIGURES.containsKey(matcher.group(1))) {
                throw new IllegalArgumentException(
                        "'" + each + "' is no assertion: write such as p99<50ms, with one of " + FIGURES.keySet());
            }
            String unit = Objects.requireNonNullElse(matcher.group(4), "");
            double limit = Double.parseDouble(matcher.group(3)) * factor(unit);
            all.add(new Assertion(each.strip(), matcher.group(1), matcher.group(2), limit, unit));
        }
        return all;
    }

    private static double factor(String unit) {
        return switch (unit) {
            case "ms", "k" -> 1e3;
            case "s", "m" -> 1e6;
            case "kib" -> 1 << 10;
            case "mib" -> 1 << 20;
            case "gib" -> 1 << 30;
            default -> 1; // us, percent, or a count
        };
    }

    /** The figure as it is, in the unit of the limit. */
    String actual(Summary summary) {
        String shown = unit.isEmpty() && LATENCIES.contains(figure) ? "us" : unit;
        shown = unit.endsWith("ib") ? unit.substring(0, 1).toUpperCase(Locale.ROOT) + "iB" : shown;
        DecimalFormat format = new DecimalFormat("#,##0.###", DecimalFormatSymbols.getInstance(Locale.ROOT));
        return (format.format(value(summary) / factor(unit)) + " " + shown).strip();
    }

    private double value(Summary summary) {
        return Objects.requireNonNull(FIGURES.get(figure)).applyAsDouble(summary);
    }

    /** A run without a single delivery says nothing about latencies, so nothing holds that is said of them. */
    boolean holds(Summary summary) {
        if (summary.delivered() == 0 && LATENCIES.contains(figure)) {
            return false;
        }
        double value = value(summary);
        return switch (comparison) {
            case "<" -> value < limit;
            case "<=" -> value <= limit;
            case ">" -> value > limit;
            case ">=" -> value >= limit;
            default -> Math.abs(value - limit) < 1e-9;
        };
    }
}
