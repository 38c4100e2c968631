package io.peal.load.run;

import java.util.List;
import java.util.Map;

/** The outcome of a run, as it stands in {@code results.json}. Latencies are in microseconds, from when a message was due. */
record Summary(
        String title,
        String started,
        String command,
        String machine,
        String scenario,
        int clients,
        int publishers,
        double rate,
        int messageBytes,
        double seconds,
        long connects,
        boolean deflateOffered,
        long deflating,
        Map<String, Long> refusals,
        long published,
        long unpublished,
        long delivered,
        long expected,
        long lost,
        long duplicated,
        long outOfOrder,
        double deliveredPerSecond,
        double minUs,
        double medianUs,
        double meanUs,
        double p90Us,
        double p99Us,
        double p999Us,
        double maxUs,
        double serverCpuUsPerDelivery,
        long serverPeakBytes,
        long ownPeakBytes,
        List<Sample> samples) {

    /** The part of the connections that was made, in percent. */
    double successPercent() {
        long refused = refusals.values().stream().mapToLong(Long::longValue).sum();
        return connects + refused == 0 ? 0 : 100.0 * connects / (connects + refused);
    }
}
