package io.peal.bus.aeron;

import io.aeron.Publication;
import io.peal.bus.BusException;
import io.peal.bus.BusFullException;
import io.peal.bus.PayloadKind;
import io.peal.bus.Publisher;
import io.peal.bus.Topic;
import io.peal.bus.file.HostReplicas;
import io.peal.bus.spi.WallClock;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * The writing end. A message is in the stream when {@code publish} returns; two things could still undo that, and both are
 * made good: the end of a life before it (see {@link LinkKeeper}), and the driver, which discards a message whose publisher
 * stood still in the middle of it. A publisher that took suspiciously long looks whether its message came back.
 */
final class AeronPublisher implements Publisher {

    /** Shorter than any time after which a driver gives up a message. */
    private static final long SUSPICIOUS_NS = Duration.ofMillis(250).toNanos();

    private static final long NO_LINK = Long.MIN_VALUE;
    private static final int SPINS = 100;
    private static final long PAUSE_NS = 50_000;

    private final AeronBus bus;
    private final LinkKeeper keeper;
    private final Feeder feeder;
    private final HostReplicas replicas;
    private final WallClock clock;
    private final int replica;
    private final int maxPayloadLength;
    private final long timeoutNs;
    private final ThreadLocal<Writer> writers = ThreadLocal.withInitial(this::newWriter);

    AeronPublisher(
            AeronBus bus,
            LinkKeeper keeper,
            Feeder feeder,
            HostReplicas replicas,
            WallClock clock,
            int maxPayloadLength,
            Duration timeout) {
        this.bus = bus;
        this.keeper = keeper;
        this.feeder = feeder;
        this.replicas = replicas;
        this.clock = clock;
        this.replica = replicas.number();
        this.maxPayloadLength = maxPayloadLength;
        this.timeoutNs = timeout.toNanos();
    }

    @Override
    public long publish(Topic topic, ByteBuffer payload, PayloadKind kind) {
        bus.checkOpen();
        if (payload.remaining() > maxPayloadLength) {
            throw new IllegalArgumentException("payload is " + payload.remaining() + " bytes, the limit is "
                    + maxPayloadLength + " (a 64th of termLength, less what the envelope takes)");
        }
        Writer writer = writers.get();
        long number = writer.next();
        long startNs = System.nanoTime();
        long timestampUs = clock.atUs(startNs);
        long position = tryToPublish(writer, number, timestampUs, topic, payload, kind);
        if (position < 0 || isDoubtful(writer, startNs)) {
            position = insist(position, writer, number, timestampUs, topic, payload, kind);
        }
        replicas.ring(position);
        return position;
    }

    private long tryToPublish(
            Writer writer, long number, long timestampUs, Topic topic, ByteBuffer payload, PayloadKind kind) {
        writer.enter();
        try {
            Link link = keeper.link();
            if (link == null) {
                return NO_LINK;
            }
            long place = writer.write(link.publication(), replica, number, timestampUs, topic, payload, kind);
            writer.noteEnd(replicas.sharedNumber() >= link.life().number());
            return place < 0 ? place : link.life().position(place);
        } finally {
            writer.leave();
        }
    }

    /**
     * Whether a message that was written may be discarded, or stand behind the end of a life. The second is known for
     * certain not to be so if the shared number, which rises before an end is written, was lower than that life's after the
     * message was written.
     */
    private static boolean isDoubtful(Writer writer, long startNs) {
        return writer.mayBeBehindEnd() || System.nanoTime() - startNs > SUSPICIOUS_NS;
    }

    /** Publishes what could not be published at once, or may have been undone, and finds out where it stands. */
    private long insist(
            long first,
            Writer writer,
            long number,
            long timestampUs,
            Topic topic,
            ByteBuffer payload,
            PayloadKind kind) {
        long deadline = System.nanoTime() + timeoutNs;
        long result = first;
        boolean doubtful = first > 0;
        for (int tries = 0; result < 0 || doubtful; tries++) {
            if (doubtful) {
                long position = awaitPosition(writer, number, deadline);
                if (position > 0) {
                    return position;
                }
            } else {
                pause(result, tries);
                checkTime(result, deadline);
            }
            bus.checkOpen();
            long startNs = System.nanoTime();
            result = tryToPublish(writer, number, timestampUs, topic, payload, kind);
            doubtful = result > 0 && isDoubtful(writer, startNs);
        }
        return result;
    }

    /** Reads on until it is known where the message is in the stream, or 0 if it is not: another link may begin with it. */
    private long awaitPosition(Writer writer, long number, long deadline) {
        boolean passed = false;
        for (long position = 0; ; ) {
            position = feeder.positionOf(writer.id(), number);
            if (position > 0 || passed) {
                return position;
            }
            checkTime(NO_LINK, deadline);
            passed = hasReadAll(writer);
            if (feeder.feed() == 0) {
                LockSupport.parkNanos(PAUSE_NS);
            }
        }
    }

    /** Whether this replica has read all that was in the stream before it was asked, and the life goes on. */
    private boolean hasReadAll(Writer writer) {
        writer.enter();
        try {
            Link link = keeper.link();
            return link != null
                    && replicas.sharedNumber() < link.life().number()
                    && feeder.place() >= link.publication().position();
        } finally {
            writer.leave();
        }
    }

    private void pause(long result, int tries) {
        if (result == NO_LINK || result == Publication.CLOSED || result == Publication.NOT_CONNECTED) {
            keeper.wake();
            LockSupport.parkNanos(10 * PAUSE_NS);
        } else {
            feeder.feedUnlessOthersDo(); // this replica may be the one that is behind
            replicas.ring(Long.MAX_VALUE);
            if (tries < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(PAUSE_NS);
            }
        }
    }

    private void checkTime(long result, long deadline) {
        if (System.nanoTime() - deadline > 0) {
            if (result == Publication.BACK_PRESSURED || result == Publication.ADMIN_ACTION) {
                throw new BusFullException("the stream was full for " + Duration.ofNanos(timeoutNs)
                        + ": a subscriber of another program on it stands still, or termLength is too small");
            }
            throw new BusException("there was no media driver for " + Duration.ofNanos(timeoutNs)
                    + ", and it is not known whether the message will be published");
        }
    }

    private Writer newWriter() {
        Writer writer = new Writer(ThreadLocalRandom.current().nextLong());
        keeper.register(writer);
        return writer;
    }
}
