package io.peal.bus.aeron;

import java.time.Duration;

/**
 * What happened to a replica of an {@link AeronBus} since it was opened.
 *
 * @param life how many lives the stream has had, one more than drivers were lost
 * @param interruptions how often this replica was without a link
 * @param longestInterruption how long its publishers had to wait at most
 * @param resent own messages that were published again, because a life ended before them
 * @param duplicates messages that came again, and were left out
 * @param gaps how often something could not be had, and readers were told so
 */
public record AeronBusStatus(
        long life, long interruptions, Duration longestInterruption, long resent, long duplicates, long gaps) {}
