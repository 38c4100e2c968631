package io.peal.fanout;

import java.time.Duration;

/** What a fanout lets its clients do: immutable; each limit has a default. */
public final class Limits {

    private static final Limits DEFAULTS = new Limits(
            64 * 1024, 256 * 1024, 256 * 1024, Duration.ofSeconds(30), Duration.ofSeconds(25), Duration.ofMinutes(1));
    private static final Duration SHORTEST = Duration.ofSeconds(1);

    private final int inboundFrameLength;
    private final int inboundMessageLength;
    private final int unsentLength;
    private final Duration stall;
    private final Duration pingAfter;
    private final Duration deadAfter;

    private Limits(
            int inboundFrameLength,
            int inboundMessageLength,
            int unsentLength,
            Duration stall,
            Duration pingAfter,
            Duration deadAfter) {
        this.inboundFrameLength = inboundFrameLength;
        this.inboundMessageLength = inboundMessageLength;
        this.unsentLength = unsentLength;
        this.stall = stall;
        this.pingAfter = pingAfter;
        this.deadAfter = deadAfter;
    }

    /** Frames of 64 KiB, messages of 256 KiB, 256 KiB unsent, stalled for 30 s, pinged after 25 s, dead after 60 s. */
    public static Limits defaults() {
        return DEFAULTS;
    }

    /** The longest payload of a frame from a client, in bytes; a longer one closes the connection with 1009. */
    public int inboundFrameLength() {
        return inboundFrameLength;
    }

    /** The same limits with another {@link #inboundFrameLength()}, at least 125. */
    public Limits inboundFrameLength(int bytes) {
        atLeast(125, bytes, "inboundFrameLength");
        return new Limits(bytes, inboundMessageLength, unsentLength, stall, pingAfter, deadAfter);
    }

    /** The longest message from a client, in bytes, over all its frames; a longer one closes with 1009. */
    public int inboundMessageLength() {
        return inboundMessageLength;
    }

    /** The same limits with another {@link #inboundMessageLength()}, at least 125. */
    public Limits inboundMessageLength(int bytes) {
        atLeast(125, bytes, "inboundMessageLength");
        return new Limits(inboundFrameLength, bytes, unsentLength, stall, pingAfter, deadAfter);
    }

    /**
     * How much may be {@linkplain Connection#send sent} to a client whose socket is full, in bytes, before it is closed
     * with 1013. Messages of the log do not count: they stay in the log.
     */
    public int unsentLength() {
        return unsentLength;
    }

    /** The same limits with another {@link #unsentLength()}, at least 0. */
    public Limits unsentLength(int bytes) {
        atLeast(0, bytes, "unsentLength");
        return new Limits(inboundFrameLength, inboundMessageLength, bytes, stall, pingAfter, deadAfter);
    }

    /** How long a client that is behind may take nothing at all before it is closed with 1013. */
    public Duration stall() {
        return stall;
    }

    /** The same limits with another {@link #stall()}, at least one second. */
    public Limits stall(Duration duration) {
        atLeast(SHORTEST, duration, "stall");
        return new Limits(inboundFrameLength, inboundMessageLength, unsentLength, duration, pingAfter, deadAfter);
    }

    /** How long a client may be silent before it is sent a ping, which it has to answer. */
    public Duration pingAfter() {
        return pingAfter;
    }

    /** The same limits with another {@link #pingAfter()}, at least one second. */
    public Limits pingAfter(Duration duration) {
        atLeast(SHORTEST, duration, "pingAfter");
        return new Limits(inboundFrameLength, inboundMessageLength, unsentLength, stall, duration, deadAfter);
    }

    /** How long a client may be silent, pings or not, before it is taken for dead and closed with 1013. */
    public Duration deadAfter() {
        return deadAfter;
    }

    /** The same limits with another {@link #deadAfter()}, at least one second; useful only when longer than the ping's. */
    public Limits deadAfter(Duration duration) {
        atLeast(SHORTEST, duration, "deadAfter");
        return new Limits(inboundFrameLength, inboundMessageLength, unsentLength, stall, pingAfter, duration);
    }

    @Override
    public String toString() {
        return "inboundFrameLength " + inboundFrameLength + ", inboundMessageLength " + inboundMessageLength
                + ", unsentLength " + unsentLength + ", stall " + stall + ", pingAfter " + pingAfter + ", deadAfter "
                + deadAfter;
    }

    private static <T extends Comparable<T>> void atLeast(T min, T value, String name) {
        if (value.compareTo(min) < 0) {
            throw new IllegalArgumentException(name + " is " + value + ", at least " + min + " is needed");
        }
    }
}
