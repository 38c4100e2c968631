package io.peal.fanout;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import jdk.jfr.Timespan;

/** What a flight recording shows of a fanout. */
final class FanoutEvents {

    private static final String CATEGORY = "Peal";

    private FanoutEvents() {}

    /**
     * Whether there may be a recording. Events are not even touched before there is one: the first would start the whole
     * flight recorder, which takes an event loop some hundred milliseconds.
     */
    static boolean areRecorded() {
        return FlightRecorder.isInitialized();
    }

    /** A turn that took long. */
    @Name("io.peal.Turn")
    @Label("Turn of a shard")
    @Category(CATEGORY)
    @Threshold("20 ms")
    @StackTrace(false)
    static final class Turn extends Event {
        @Label("Messages")
        int messages;

        @Label("Deliveries")
        long deliveries;

        @Label("Bytes")
        long bytes;
    }

    /** A shard that waited for its event loop. */
    @Name("io.peal.Stall")
    @Label("Stall of a shard")
    @Category(CATEGORY)
    @StackTrace(false)
    static final class Stall extends Event {
        @Label("Waited for the event loop")
        @Timespan(Timespan.MILLISECONDS)
        long waited;
    }

    /** A connection that is behind, or is closed for it. */
    @Name("io.peal.SlowConsumer")
    @Label("Slow consumer")
    @Category(CATEGORY)
    @StackTrace(false)
    static final class SlowConsumer extends Event {
        @Label("Connection")
        long connection;

        @Label("What happened")
        String what = "";
    }

    /** Messages that a connection does not get. */
    @Name("io.peal.Gap")
    @Label("Gap")
    @Category(CATEGORY)
    @StackTrace(false)
    static final class Missing extends Event {
        @Label("Connection")
        long connection;

        @Label("Topic")
        String topic = "";

        @Label("First position")
        long first;

        @Label("Last position")
        long last;
    }

    /** A drain, from its beginning to its end. */
    @Name("io.peal.Drain")
    @Label("Drain")
    @Category(CATEGORY)
    @StackTrace(false)
    static final class Drain extends Event {
        @Label("Connections")
        int connections;

        @Label("Remaining connections")
        int remaining;
    }
}
