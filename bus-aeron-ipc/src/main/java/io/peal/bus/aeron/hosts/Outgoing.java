package io.peal.bus.aeron.hosts;

import io.aeron.Publication;
import io.peal.bus.Bus;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The messages of this host for one peer: a reader of this host's bus, which stands where the peer's request says, and the
 * publication. A peer that is slow, or away, is only a reader that stands still. Belongs to the bridge's thread.
 */
final class Outgoing implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(Outgoing.class);
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long LOST_AFTER_NS = TimeUnit.SECONDS.toNanos(2);
    private static final long PASSED_AFTER_NS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Bus bus;
    private final String peer;
    private final Publication publication;
    private final Outbox outbox;
    private @Nullable Reader reader; // null while nothing is wanted
    private long request;
    private long wantedNs; // when the peer said so for the last time
    private long passedNs;
    private long arrivedNs; // when the peer had all that was sent, or was being sent more

    Outgoing(Bus bus, byte[] endpoint, String peer, Publication publication, IntPredicate isBridge) {
        this.bus = bus;
        this.peer = peer;
        this.publication = publication;
        this.outbox = new Outbox(endpoint, isBridge);
    }

    Publication publication() {
        return publication;
    }

    long sentMessages() {
        return outbox.sentMessages();
    }

    /** The peer says what it wants: again and again the same, until it draws another number. */
    void want(long request, long epoch, long value, long nowNs) {
        wantedNs = nowNs;
        if (reader == null || request != this.request) {
            begin(request, epoch, value, nowNs);
        } else if (!outbox.isEmpty() || value == outbox.behind()) {
            arrivedNs = nowNs;
        } else if (nowNs - arrivedNs
                > LOST_AFTER_NS) { // and nothing more may ever follow, by which the peer would notice
            begin(request, epoch, value, nowNs);
        }
    }

    /** Sends what there is and the publication takes; returns whether that was anything. */
    boolean work(long nowNs) {
        Reader reading = reader;
        if (reading == null) {
            return false;
        }
        if (nowNs - wantedNs > PATIENCE_NS) {
            LOGGER.warn("the bridge to {} stops sending: nothing was heard from there for a while", peer);
            stop();
            return false;
        }
        int looked = 0;
        if (outbox.isEmpty()) {
            looked = reading.poll(outbox, outbox.capacity());
            if (looked == 0 && nowNs - passedNs > PASSED_AFTER_NS) {
                passedNs = nowNs;
                outbox.passed(reading.position());
            }
        }
        return outbox.flush(publication) + looked > 0;
    }

    @Override
    public void close() {
        stop();
        publication.close();
    }

    private void begin(long request, long epoch, long value, long nowNs) {
        stop();
        this.request = request;
        arrivedNs = nowNs;
        boolean complete = true;
        Reader reading;
        try {
            reading = bus.newReader(
                    value == BridgeFrame.LATEST
                            ? StartFrom.latest()
                            : StartFrom.after(new Position(epoch, Math.max(0, value))));
        } catch (PositionUnavailableException e) {
            LOGGER.warn("the bridge to {} cannot go on where it was: {}", peer, e.getMessage());
            complete = false;
            boolean newer = e.reason() != PositionUnavailableException.Reason.NOT_YET_WRITTEN;
            reading = bus.newReader(newer ? StartFrom.earliest() : StartFrom.latest());
        }
        reader = reading;
        outbox.begin(request, bus.position().epoch(), reading.position(), complete);
    }

    private void stop() {
        Reader reading = reader;
        if (reading != null) {
            reading.close();
            reader = null;
        }
    }
}
