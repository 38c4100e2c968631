package io.peal.load.run;

import java.io.FileNotFoundException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogWriter;

/** The latencies of a run in microseconds: all together, and second by second. Not thread-safe. */
final class Latencies {

    private final List<Histogram> seconds = new ArrayList<>();
    private final Histogram all = new Histogram(3);

    /** Of one second; all zero if nothing came. */
    record Second(long minUs, long medianUs, double meanUs, long p99Us, long maxUs) {}

    Latencies() {
        all.setAutoResize(true);
    }

    Second add(Histogram second) {
        seconds.add(second);
        all.add(second);
        if (second.getTotalCount() == 0) {
            return new Second(0, 0, 0, 0, 0);
        }
        return new Second(
                second.getMinValue(),
                second.getValueAtPercentile(50),
                second.getMean(),
                second.getValueAtPercentile(99),
                second.getMaxValue());
    }

    double minUs() {
        return all.getTotalCount() == 0 ? 0 : all.getMinValue();
    }

    double meanUs() {
        return all.getTotalCount() == 0 ? 0 : all.getMean();
    }

    double maxUs() {
        return all.getMaxValue();
    }

    double percentileUs(double percentile) {
        return all.getValueAtPercentile(percentile);
    }

    /** As other tools for these histograms read it. */
    void writeLog(Path file) throws FileNotFoundException {
        HistogramLogWriter writer = new HistogramLogWriter(file.toFile());
        writer.outputLogFormatVersion();
        writer.outputComment("latencies in microseconds, from when a message was due");
        writer.outputLegend();
        seconds.forEach(writer::outputIntervalHistogram);
        writer.close();
    }
}
