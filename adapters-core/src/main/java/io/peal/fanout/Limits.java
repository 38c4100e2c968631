package io.peal.fanout;

import java.time.Duration;

/** What a fanout lets its clients do: immutable; each limit has a default. */
public final class Limits {

    private static final Limits DEFAULTS = new Limits(64 * 1024, 256 * 1024, 256 * 1024, Duration.ofSeconds(30));

    private final int inboundFrameLength;
    private final int inboundMessageLength;
    private final int unsentLength;
    private final Duration stall;

    private Limits(int inboundFrameLength, int inboundMessageLength, int unsentLength, Duration stall) {
        this.inboundFrameLength = inboundFrameLength;
        this.inboundMessageLength = inboundMessageLength;
        this.unsentLength = unsentLength;
        this.stall = stall;
    }

    /** Frames of 64 KiB, messages of 256 KiB, 256 KiB unsent, stalled for 30 seconds. */
    public static Limits defaults() {
        return DEFAULTS;
    }

    /** The longest payload of a frame from a client, in bytes; a longer one closes the connection with 1009. */
    public int inboundFrameLength() {
        return inboundFrameLength;
    }

    /** The same limits with another {@link #inboundFrameLength()}, at least 125. */
    public Limits inboundFrameLength(int bytes) {
        return new Limits(atLeast(125, bytes, "inboundFrameLength"), inboundMessageLength, unsentLength, stall);
    }

    /** The longest message from a client, in bytes, over all its frames; a longer one closes with 1009. */
    public int inboundMessageLength() {
        return inboundMessageLength;
    }

    /** The same limits with another {@link #inboundMessageLength()}, at least 125. */
    public Limits inboundMessageLength(int bytes) {
        return new Limits(inboundFrameLength, atLeast(125, bytes, "inboundMessageLength"), unsentLength, stall);
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
        return new Limits(inboundFrameLength, inboundMessageLength, atLeast(0, bytes, "unsentLength"), stall);
    }

    /** How long a client that is behind may take nothing at all before it is closed with 1013. */
    public Duration stall() {
        return stall;
    }

    /** The same limits with another {@link #stall()}, at least one second. */
    public Limits stall(Duration duration) {
        if (duration.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException("stall is " + duration + ", at least a second is needed");
        }
        return new Limits(inboundFrameLength, inboundMessageLength, unsentLength, duration);
    }

    @Override
    public String toString() {
        return "inboundFrameLength " + inboundFrameLength + ", inboundMessageLength " + inboundMessageLength
                + ", unsentLength " + unsentLength + ", stall " + stall;
    }

    private static int atLeast(int min, int value, String name) {
        if (value < min) {
            throw new IllegalArgumentException(name + " is " + value + ", at least " + min + " is needed");
        }
        return value;
    }
}
