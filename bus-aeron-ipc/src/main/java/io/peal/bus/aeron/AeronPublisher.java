package io.peal.bus.aeron;

import io.aeron.Publication;
import io.peal.bus.Batch;
import io.peal.bus.BusException;
import io.peal.bus.BusFullException;
import io.peal.bus.PayloadKind;
import io.peal.bus.Publisher;
import io.peal.bus.Topic;
import io.peal.bus.file.HostReplicas;
import io.peal.bus.spi.WallClock;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The writing end. Two things can undo what was written, and {@code publish} does not return before it knows that neither has:
 * the end of the life before it (see {@link Streams}), and the driver, which discards a message whose publisher has
 * stood still in the middle of it (see {@link Writer}). Then the message is written again.
 */
final class AeronPublisher implements Publisher {

    private static final long NO_LINK = -2_000;

    /** The message was written, but the life is over: it may stand behind the end. */
    private static final long MAYBE_BEHIND_END = -2_001;

    private static final int LONGEST_RUN = 64; // messages, for which sleepers wait at most
    private static final int SPINS = 100;
    private static final int RING_EACH = 16;
    private static final long PAUSE_NS = 50_000;
    private static final long PATIENCE_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final AeronBus bus;
    private final LinkKeeper keeper;
    private final Streams streams;
    private final Pace pace;
    private final HostReplicas replicas;
    private final WallClock clock;
    private final int replica;
    private final int maxPayloadLength;
    private final long timeoutNs;
    private final AtomicLong repeated = new AtomicLong();
    private final ThreadLocal<Writer> writers = ThreadLocal.withInitial(this::newWriter);

    AeronPublisher(
            AeronBus bus,
            LinkKeeper keeper,
            Streams streams,
            Pace pace,
            HostReplicas replicas,
            WallClock clock,
            int maxPayloadLength,
            Duration timeout) {
        this.bus = bus;
        this.keeper = keeper;
        this.streams = streams;
        this.pace = pace;
        this.replicas = replicas;
        this.clock = clock;
        this.replica = replicas.number();
        this.maxPayloadLength = maxPayloadLength;
        this.timeoutNs = timeout.toNanos();
    }

    /** How many messages were written again. */
    long repeated() {
        return repeated.get();
    }

    @Override
    public long publish(Topic topic, ByteBuffer payload, PayloadKind kind) {
        bus.checkOpen();
        checkLength(payload.remaining());
        Writer writer = writers.get();
        long timestampUs = clock.nowUs();
        long position = tryToPublish(writer, timestampUs, topic, payload, kind);
        if (position < 0) {
            position = insist(position, writer, timestampUs, topic, payload, kind);
        }
        keepPace(writer);
        replicas.ring(position);
        return position;
    }

    /**
     * Publishes the messages in runs: the fence of {@link Writer#enter}, the time, and the look for sleepers are paid once for each; and those
     * that fit into one claim move the tail of the stream once. A run
     * ends early where readers are to be told how far it is, and at a message that cannot be published at once, because
     * there is no link any more, for example; that one is then published as if it were alone.
     */
    @Override
    public long publish(Batch batch) {
        if (batch.isEmpty()) {
            throw new IllegalArgumentException("the batch is empty: there is nothing to publish");
        }
        bus.checkOpen();
        for (int i = 0; i < batch.size(); i++) { // all of them, before the first is published
            checkLength(batch.payloadLength(i));
        }
        Writer writer = writers.get();
        long position = 0;
        for (int i = 0; i < batch.size(); ) {
            long timestampUs = clock.nowUs();
            int end = Math.min(i + LONGEST_RUN, batch.size());
            int claimedTo = i;
            writer.enter();
            try {
                do {
                    i = claimedTo;
                    claimedTo = writer.fitting(batch, i, end);
                    position = write(writer, timestampUs, batch, i, claimedTo);
                } while (position > 0 && claimedTo < end && !writer.hasGone(pace.step()));
            } finally {
                writer.leave();
            }
            if (position == MAYBE_BEHIND_END) {
                position = awaitEnd(writer, System.nanoTime() + timeoutNs);
            }
            if (position > 0) {
                i = claimedTo;
            } else {
                position = insist(position, writer, timestampUs, batch.topic(i), batch.payload(i), batch.kind(i));
                i++;
            }
            keepPace(writer);
            replicas.ring(position);
        }
        return position;
    }

    private void keepPace(Writer writer) {
        if (writer.hasGone(pace.step())) {
            writer.paced();
            writer.passOwn();
            pace.wrote();
        }
        if (writer.isAhead()) {
            letCatchUp(writer);
        }
    }

    /** Waits until the slowest subscription has moved, unless that takes too long; then the driver puts it aside after a while. */
    private void letCatchUp(Writer writer) {
        long since = System.nanoTime();
        for (int tries = 0; writer.isAhead(); tries++) {
            if (System.nanoTime() - since > PATIENCE_NS) {
                writer.goAhead();
                return;
            }
            rest(tries);
            writer.enter();
            try {
                Link link = presentLink();
                if (link == null || link.stream() != writer.stream()) {
                    return;
                }
                writer.lookAhead(link);
            } finally {
                writer.leave();
            }
        }
    }

    private void checkLength(int payloadLength) {
        if (payloadLength > maxPayloadLength) {
            throw new IllegalArgumentException("payload is " + payloadLength + " bytes, the limit is "
                    + maxPayloadLength + " (a 64th of termLength, less what the envelope takes)");
        }
    }

    /** The position, or why there is none. */
    private long tryToPublish(Writer writer, long timestampUs, Topic topic, ByteBuffer payload, PayloadKind kind) {
        writer.enter();
        try {
            return write(writer, timestampUs, topic, payload, kind);
        } finally {
            writer.leave();
        }
    }

    /** The same, between {@link Writer#enter} and {@link Writer#leave}. */
    private long write(Writer writer, long timestampUs, Topic topic, ByteBuffer payload, PayloadKind kind) {
        Link link = presentLink();
        return link == null ? NO_LINK : position(link, writer.write(link, replica, timestampUs, topic, payload, kind));
    }

    /** The position of the last of some messages, or why there is none; then none of them is published. */
    private long write(Writer writer, long timestampUs, Batch batch, int from, int to) {
        if (to == from + 1) {
            return write(writer, timestampUs, batch.topic(from), batch.payload(from), batch.kind(from));
        }
        Link link = presentLink();
        return link == null ? NO_LINK : position(link, writer.write(link, replica, timestampUs, batch, from, to));
    }

    /** Null if there is none; what is written to a life that is over is for nobody. */
    private @Nullable Link presentLink() {
        Link link = keeper.link();
        return link == null || streams.isOver(link.life()) ? null : link;
    }

    private long position(Link link, long end) {
        if (end < 0) {
            return end;
        }
        Stream stream = link.stream();
        return streams.isOver(stream.life()) ? MAYBE_BEHIND_END : stream.position(end);
    }

    /** Publishes what could not be published at once, or was undone. */
    private long insist(
            long first, Writer writer, long timestampUs, Topic topic, ByteBuffer payload, PayloadKind kind) {
        long deadline = System.nanoTime() + timeoutNs;
        long result = first;
        for (int tries = 0; result < 0; tries++) {
            if (result == Writer.UNKNOWN) {
                throw new BusException(
                        "this process stood still for so long that it is not known whether the message was"
                                + " published");
            }
            if (result == MAYBE_BEHIND_END) {
                result = awaitEnd(writer, deadline);
            }
            if (result > 0) {
                return result;
            }
            if (result == Writer.DISCARDED) {
                repeated.incrementAndGet();
            } else {
                pause(result, tries);
                checkTime(result, deadline);
            }
            bus.checkOpen();
            result = tryToPublish(writer, timestampUs, topic, payload, kind);
        }
        return result;
    }

    /** Waits until it is known whether what was written last stands before the end; its position, or {@link Writer#DISCARDED}. */
    private long awaitEnd(Writer writer, long deadline) {
        Stream stream = writer.stream();
        keeper.wake();
        while (stream.end() == Stream.NO_END) {
            checkTime(MAYBE_BEHIND_END, deadline);
            if (streams.after(stream) != null && stream.end() == Stream.NO_END) {
                throw new BusException(
                        "nobody knows where the life of the lost media driver ended, nor whether the message was published");
            }
            LockSupport.parkNanos(20 * PAUSE_NS);
        }
        return stream.end() >= writer.written() ? stream.position(writer.written()) : Writer.DISCARDED;
    }

    private void pause(long result, int tries) {
        if (result == NO_LINK || result == Publication.CLOSED || result == Publication.NOT_CONNECTED) {
            keeper.wake();
            LockSupport.parkNanos(20 * PAUSE_NS);
        } else {
            rest(tries);
        }
    }

    private void rest(int tries) {
        pace.keepUp(); // this replica may be the one that is behind
        if (tries % RING_EACH == 0) {
            replicas.ring(Long.MAX_VALUE);
        }
        if (tries < SPINS) {
            Thread.onSpinWait();
        } else {
            LockSupport.parkNanos(PAUSE_NS);
        }
    }

    private void checkTime(long result, long deadline) {
        if (System.nanoTime() - deadline > 0) {
            if (result == Publication.BACK_PRESSURED || result == Publication.ADMIN_ACTION) {
                throw new BusFullException("the stream was full for " + Duration.ofNanos(timeoutNs)
                        + ": a subscriber of another program on it stands still, or termLength is too small");
            }
            throw new BusException("there was no media driver for " + Duration.ofNanos(timeoutNs)
                    + (result == MAYBE_BEHIND_END
                            ? ", and it is not known whether the message was published"
                            : ": the message was not published"));
        }
    }

    private Writer newWriter() {
        Writer writer = new Writer(streams);
        keeper.register(writer);
        return writer;
    }
}
