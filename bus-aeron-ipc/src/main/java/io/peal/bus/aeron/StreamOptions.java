package io.peal.bus.aeron;

import io.aeron.ChannelUriStringBuilder;
import io.aeron.CommonContext;
import io.aeron.logbuffer.LogBufferDescriptor;
import java.util.concurrent.TimeUnit;

/**
 * The stream as all replicas must ask for it.
 *
 * @param streamId of the first life; each later one has the next number
 * @param termLength the length of one of the three parts of its memory, in bytes
 */
record StreamOptions(int streamId, int termLength) {

    static final int MIN_TERM_LENGTH = 64 * 1024;
    static final int MAX_TERM_LENGTH = 1 << 30;

    private static final int MAX_MTU = 65_504;
    private static final int MIN_MTU = 1_408;
    private static final int FRAME_ALIGNMENT = 32;

    /** How long a subscriber that stands still may hold the publishers up before it is put aside. */
    private static final long STANDSTILL_NS = TimeUnit.MILLISECONDS.toNanos(250);

    /** How long it still holds them up after that; nothing is read through it, so there is nothing to wait for. */
    private static final long LINGER_NS = TimeUnit.MILLISECONDS.toNanos(1);

    @Override
    public String toString() {
        return "streamId(" + streamId + ") and termLength(" + termLength + ")";
    }

    int streamIdOf(Life life) {
        return streamId + (int) (life.number() - 1);
    }

    String publication() {
        return new ChannelUriStringBuilder()
                .media(CommonContext.IPC_MEDIA)
                .termLength(termLength)
                .mtu(Math.max(MIN_MTU, Math.min(MAX_MTU, termLength / 16)) & -FRAME_ALIGNMENT)
                .publicationWindowLength(window(termLength))
                .untetheredWindowLimitTimeoutNs(STANDSTILL_NS)
                .untetheredLingerTimeoutNs(LINGER_NS)
                .alias("peal")
                .build();
    }

    /** What the stream of one life takes. */
    long memoryLength() {
        return (long) LogBufferDescriptor.PARTITION_COUNT * termLength;
    }

    /** What is taken when a driver is lost: the next stream is there beside the last one, and the history of those before it. */
    long mostMemoryLength() {
        return 2 * memoryLength() + termLength;
    }

    /** Put aside when it does not keep up, and told so, rather than holding up everybody. */
    String subscription() {
        return new ChannelUriStringBuilder()
                .media(CommonContext.IPC_MEDIA)
                .tether(false)
                .rejoin(false)
                .alias("peal")
                .build();
    }

    /** How far publishers may be ahead of the last subscriber: the most that Aeron allows. */
    static int window(int termLength) {
        return termLength / 2;
    }

    /**
     * How far from their limit publishers begin to wait for subscribers that go on reading: those that are in the last quarter of the
     * window are put aside, even if they move.
     */
    static int reserve(int termLength) {
        return window(termLength) / 4 + window(termLength) / 64;
    }

    /**
     * How far a subscriber that only keeps history stays behind: what is behind it is not cleaned. Half of the publishers'
     * window, so they have the other half.
     */
    long history() {
        return termLength / 4;
    }

    /** A message takes at most this much, so that several of them fit into the history. */
    int maxMessageLength() {
        return termLength / 64;
    }
}
