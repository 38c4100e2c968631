package io.peal.fanout;

import io.peal.bus.Gap;
import io.peal.bus.Topic;

/**
 * Is told what a fanout does, for metrics. Called on event loops, once for a change or a batch and never once for each
 * message and client; it must not block. What it throws is reported, and nothing else happens. A connection that is told to
 * subscribe meanwhile may do so only after the call, because messages are just being written.
 */
public interface FanoutListener {

    /** A client has connected. */
    default void connectionOpened(Connection connection) {}

    /**
     * A connection is gone. The code is the one this server sent, if it closed, and otherwise the client's; 1006 if there
     * was none.
     */
    default void connectionClosed(Connection connection, int code, String reason) {}

    /** An upgrade was refused with this HTTP status. */
    default void upgradeRefused(int status, String reason) {}

    /**
     * A shard has done a piece of its work.
     *
     * @param messages read from the log, of topics that somebody subscribes to
     * @param deliveries messages times connections they were written to
     * @param bytes that were written to connections
     * @param delayUs how old the oldest of the messages was when it was written, in microseconds, by the clocks of two
     *     processes of this machine; 0 if there was none
     */
    default void turnEnded(int messages, long deliveries, long bytes, long delayUs) {}

    /** A connection had no room for a message, and is behind from now on. */
    default void fellBehind(Connection connection) {}

    /** A connection that was behind, or had asked for the past, is level with the log. */
    default void caughtUp(Connection connection) {}

    /** Messages were left out, because the topic's policy is {@link SlowConsumerPolicy#DROP}. */
    default void dropped(Connection connection, Topic topic, Gap gap) {}

    /** A connection is closed because it is too slow, or because what it should get is gone. */
    default void closedAsSlow(Connection connection, String why) {}

    /** A shard had work to do, and its event loop did not let it for a second or more: something blocks the loop. */
    default void stalled(long milliseconds) {}

    /**
     * The bus is of no use any more ({@link io.peal.bus.Bus#whyUnusable}): clients are sent away with 1012, one after the other
     * within two seconds, and upgrades are answered 503. Only a new bus and a new fanout help, so most will end the process, to
     * be started anew: on a thread of its own, because this is called by one that may be needed for that.
     */
    default void busLost(String why) {}

    /** {@link Fanout#drain} has ended. */
    default void drained(DrainReport report) {}
}
