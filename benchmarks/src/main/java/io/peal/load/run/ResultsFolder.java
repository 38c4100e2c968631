package io.peal.load.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The folder of one run: {@code results.txt} for people, {@code results.json} for programs, {@code latency.hlog} for the tools of
 * HdrHistogram, the charts, and {@code report.html} with all of it in one page.
 */
final class ResultsFolder {

    static final String JSON = "results.json";

    private static final ObjectMapper MAPPER = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final Path folder;

    ResultsFolder(Path folder) {
        this.folder = folder;
    }

    Path write(Summary summary, Latencies latencies, List<Assertion> assertions) throws IOException {
        Files.createDirectories(folder);
        latencies.writeLog(folder.resolve("latency.hlog"));
        MAPPER.writeValue(folder.resolve(JSON).toFile(), summary);
        String text = text(summary, assertions);
        Files.writeString(folder.resolve("results.txt"), text);
        writePage(summary, text);
        return folder;
    }

    Summary read() throws IOException {
        return MAPPER.readValue(folder.resolve(JSON).toFile(), Summary.class);
    }

    /** Draws the charts, and the page around them. */
    void writePage(Summary summary, String text) throws IOException {
        StringBuilder pictures = new StringBuilder();
        try {
            for (Map.Entry<String, byte[]> picture :
                    new Charts(summary.samples()).draw().entrySet()) {
                Files.write(folder.resolve(picture.getKey()), picture.getValue());
                pictures.append("<img alt=\"")
                        .append(picture.getKey())
                        .append("\" src=\"data:image/png;base64,")
                        .append(Base64.getEncoder().encodeToString(picture.getValue()))
                        .append("\">\n");
            }
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | InternalError withoutFonts) {
            pictures.append(
                    "<p>No charts: this JVM cannot draw text, it has no fonts or is a headless build without them.</p>");
            System.err.println("no charts: this JVM cannot draw text (install fontconfig and a font)");
        }
        Files.writeString(folder.resolve("report.html"), """
                <!DOCTYPE html>
                <html lang="en">
                <meta charset="utf-8">
                <title>%s</title>
                <style>
                body { font: 16px/1.5 system-ui, sans-serif; max-width: 940px; margin: 2em auto; padding: 0 1em; color: #222 }
                pre { background: #f6f6f6; padding: 1em; overflow-x: auto }
                img { max-width: 100%% }
                </style>
                <h1>%s</h1>
                <pre>%s</pre>
                %s
                </html>
                """.formatted(
                        escaped(summary.title()), escaped(summary.title()), escaped(text), pictures));
    }

    static String text(Summary summary, List<Assertion> assertions) {
        StringBuilder text = new StringBuilder();
        line(text, "started", summary.started() + ", " + summary.machine());
        line(text, "command", "load.jar " + summary.command());
        line(
                text,
                "scenario",
                "%s, %,d clients, %.0f messages/s of %,d bytes from %d publishers",
                summary.scenario(),
                summary.clients(),
                summary.rate(),
                summary.messageBytes(),
                summary.publishers());
        line(text, "connections", "%,d made, %.3f %% of the attempts", summary.connects(), summary.successPercent());
        if (summary.deflateOffered()) {
            line(text, "", "%,d of them agreed on permessage-deflate, which was offered", summary.deflating());
        }
        summary.refusals().forEach((reason, count) -> line(text, "", "%,d: %s", count, reason));
        line(text, "published", "%,d, and %,d that failed", summary.published(), summary.unpublished());
        line(
                text,
                "delivered",
                "%,d of %,d, %,.0f/s",
                summary.delivered(),
                summary.expected(),
                summary.deliveredPerSecond());
        line(
                text,
                "",
                "%,d lost, %,d duplicated, %,d out of order",
                summary.lost(),
                summary.duplicated(),
                summary.outOfOrder());
        line(
                text,
                "latency, ms",
                "min %.3f  median %.3f  average %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f",
                summary.minUs() / 1e3,
                summary.medianUs() / 1e3,
                summary.meanUs() / 1e3,
                summary.p90Us() / 1e3,
                summary.p99Us() / 1e3,
                summary.p999Us() / 1e3,
                summary.maxUs() / 1e3);
        if (summary.serverPeakBytes() > 0) {
            line(
                    text,
                    "server",
                    "%.2f us CPU a delivery, at most %,d MiB resident",
                    summary.serverCpuUsPerDelivery(),
                    summary.serverPeakBytes() >> 20);
        }
        line(text, "this tool", "at most %,d MiB resident", summary.ownPeakBytes() >> 20);
        for (Assertion assertion : assertions) {
            boolean holds = assertion.holds(summary);
            line(text, holds ? "holds" : "DOES NOT HOLD", "%s (it is %s)", assertion.text(), assertion.actual(summary));
        }
        return text.toString();
    }

    private static void line(StringBuilder text, String what, String format, Object... values) {
        String value = values.length == 0 ? format : String.format(Locale.ROOT, format, values);
        text.append(String.format(Locale.ROOT, "%-14s %s%n", what, value));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
