package io.peal.bus.aeron;

import java.time.Duration;

/**
 * What happened to a replica of an {@link AeronBus} since it was opened.
 *
 * @param life how many lives the stream has had, one more than drivers were lost
 * @param interruptions how often this replica was without a link
 * @param longestInterruption how long its publishers had to wait at most
 * @param repeated messages of this replica that were written again, because a life ended before them, or because they were
 *     discarded by the driver: they are read once
 * @param gaps how often readers of this replica were told that something could not be had any more
 */
public record AeronBusStatus(long life, long interruptions, Duration longestInterruption, long repeated, long gaps) {}
