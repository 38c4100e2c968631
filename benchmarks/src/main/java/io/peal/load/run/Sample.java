package io.peal.load.run;

/**
 * One second of a run.
 *
 * @param second since the run began
 * @param connected clients that have subscribed
 * @param connects connections that were made in this second, and {@code refused} that could not be made or ended too early
 * @param published messages, {@code delivered} deliveries of them in this second
 * @param minUs the shortest latency of these, from when a message was due
 * @param serverBytes resident memory of the server's processes, {@code ownBytes} of this one
 * @param serverCpu cores that the server used
 */
record Sample(
        int second,
        int connected,
        long connects,
        long refused,
        long published,
        long delivered,
        long minUs,
        long medianUs,
        double meanUs,
        long p99Us,
        long maxUs,
        long serverBytes,
        long ownBytes,
        double serverCpu) {}
