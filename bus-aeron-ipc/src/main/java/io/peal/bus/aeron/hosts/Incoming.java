package io.peal.bus.aeron.hosts;

import io.aeron.logbuffer.ControlledFragmentHandler.Action;
import io.peal.bus.BusFullException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.Topic;
import io.peal.bus.spi.KnownTopics;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The messages of one peer for this host: takes the frames that go on where the last one ended, and publishes them here.
 * Whatever else arrives (what was sent to a bridge before this one, what was sent twice, what is broken) is left out; if
 * what is left out was not taken before, it is asked for again with a new request. Belongs to the bridge's thread.
 */
final class Incoming {

    private static final Logger LOGGER = LoggerFactory.getLogger(Incoming.class);
    private static final long SILENCE_NS = TimeUnit.SECONDS.toNanos(3);
    private static final long BETWEEN_REQUESTS_NS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long ANSWER_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long BETWEEN_REFUSALS_NS = TimeUnit.SECONDS.toNanos(1);
    private static final int FIRST_LENGTH = 16 * 1024;

    private final String peer;
    private final int index;
    private final BridgeState state;
    private final LocalPublisher local;
    private final ErrorHandler errorHandler;
    private final KnownTopics topics = new KnownTopics();
    private ByteBuffer message =
            ByteBuffer.allocate(FIRST_LENGTH).order(ByteOrder.LITTLE_ENDIAN); // the pieces that have come
    private int pieces; // bytes of it
    private long request;
    private long requestedNs;
    private boolean begun; // whether the request was answered
    private boolean broken; // whether something is missing, and has to be asked for again
    private long heardNs;
    private boolean heard;
    private long refusedNs;
    private long received;
    private long losses;

    Incoming(String peer, BridgeState state, LocalPublisher local, ErrorHandler errorHandler, long nowNs) {
        this.peer = peer;
        this.index = state.peer(peer);
        this.state = state;
        this.local = local;
        this.errorHandler = errorHandler;
        this.refusedNs = nowNs - BETWEEN_REFUSALS_NS;
        requestAnew(nowNs);
    }

    String peer() {
        return peer;
    }

    long request() {
        return request;
    }

    /** What of the peer's bus is published here, null if nothing ever was. */
    @Nullable
    Position published() {
        return state.published(index);
    }

    long received() {
        return received;
    }

    long losses() {
        return losses;
    }

    /** Whether it is heard, and has begun to send what this host wants. */
    boolean isConnected() {
        return heard && begun;
    }

    /** Anything came from the peer. */
    void hear(long nowNs) {
        heardNs = nowNs;
        if (!heard) {
            heard = true;
            LOGGER.info("the bridge hears {}", peer);
        }
    }

    /** Looks at the time; returns whether there is a new request, to be told at once. */
    boolean tick(long nowNs) {
        if (heard && nowNs - heardNs > SILENCE_NS) {
            heard = false;
            LOGGER.warn("the bridge does not hear {} any more", peer);
        }
        boolean unanswered = heard && !begun && nowNs - requestedNs > ANSWER_NS;
        if (unanswered || (broken && nowNs - requestedNs > BETWEEN_REQUESTS_NS)) {
            requestAnew(nowNs);
            return true;
        }
        return false;
    }

    /** The next frame; ABORT if it has to come again, because this host's bus is full. */
    Action onFrame(DirectBuffer buffer, int at, int length, long nowNs) {
        if (BridgeFrame.request(buffer, at) != request || broken) {
            return Action.CONTINUE; // it answers a request of the past
        }
        long epoch = BridgeFrame.epoch(buffer, at);
        long position = BridgeFrame.position(buffer, at);
        int type = BridgeFrame.type(buffer, at);
        if (type == BridgeFrame.BEGUN) {
            return onBegun(epoch, position, BridgeFrame.kind(buffer, at) == 0);
        }
        Position had = published();
        if (!begun || had == null || epoch != had.epoch() || position <= had.value()) {
            return Action.CONTINUE; // it has come before, or its beginning comes again
        }
        if (BridgeFrame.behind(buffer, at) != had.value()) {
            return ask();
        }
        if (type == BridgeFrame.MESSAGE) {
            return onPiece(buffer, at, length, epoch, position, nowNs);
        }
        if (type == BridgeFrame.LOST) {
            losses++;
            LOGGER.warn(
                    "messages of {} are lost to this host: positions {} to {} are no longer kept there: keep more",
                    peer,
                    had.value() + 1,
                    position);
        } else if (type != BridgeFrame.PASSED) {
            return ask();
        }
        state.published(index, epoch, position);
        return Action.CONTINUE;
    }

    private Action onBegun(long epoch, long position, boolean complete) {
        Position had = published();
        if (begun || position < 0) {
            return Action.CONTINUE;
        }
        boolean asWanted = had == null || (had.epoch() == epoch && had.value() == position);
        if (complete && !asWanted) {
            return ask(); // this one has taken more, meanwhile, of what was sent before
        }
        if (!complete) {
            losses++;
            LOGGER.warn(
                    "messages of {} may be lost to this host: it goes on at {}, what was wanted is no longer there",
                    peer,
                    new Position(epoch, position));
        }
        begun = true;
        pieces = 0;
        state.published(index, epoch, position);
        return Action.CONTINUE;
    }

    private Action onPiece(DirectBuffer buffer, int at, int length, long epoch, long position, long nowNs) {
        int total = BridgeFrame.length(buffer, at);
        int topicLength = BridgeFrame.topicLength(buffer, at);
        int offset = BridgeFrame.pieceOffset(buffer, at);
        int piece = length - BridgeFrame.PIECE_AT;
        if (offset == 0) {
            pieces = 0;
        }
        if (offset != pieces
                || topicLength < 1
                || topicLength > Topic.MAX_LENGTH
                || total < topicLength
                || piece > total - offset) {
            return ask();
        }
        if (total - topicLength > local.maxPayloadLength()) {
            return giveUp(epoch, position, "it is longer than this host's bus takes");
        }
        ensureRoom(total);
        buffer.getBytes(at + BridgeFrame.PIECE_AT, message, pieces, piece);
        if (pieces + piece < total) {
            pieces += piece;
            return Action.CONTINUE;
        }
        Topic topic = topics.find(BridgeFrame.topicHash(buffer, at), message, 0, topicLength);
        if (topic == null) {
            return giveUp(epoch, position, "its topic is no name");
        }
        PayloadKind kind = BridgeFrame.kind(buffer, at) == 1 ? PayloadKind.TEXT : PayloadKind.BINARY;
        message.limit(total).position(topicLength);
        try {
            local.publish(index, epoch, position, topic, message, kind);
        } catch (BusFullException e) {
            if (nowNs - refusedNs >= BETWEEN_REFUSALS_NS) {
                refusedNs = nowNs;
                errorHandler.onError(e);
            }
            return Action.ABORT;
        } finally {
            message.clear();
        }
        pieces = 0;
        received++;
        return Action.COMMIT;
    }

    /** A message that can never be published here. */
    private Action giveUp(long epoch, long position, String why) {
        losses++;
        LOGGER.warn("message {} of {} is lost to this host: {}", new Position(epoch, position), peer, why);
        pieces = 0;
        state.published(index, epoch, position);
        return Action.CONTINUE;
    }

    /** What was sent does not fit: it has to be sent again. */
    private Action ask() {
        broken = true;
        return Action.CONTINUE;
    }

    private void requestAnew(long nowNs) {
        request = ThreadLocalRandom.current().nextLong();
        requestedNs = nowNs;
        begun = false;
        broken = false;
        pieces = 0;
    }

    private void ensureRoom(int total) {
        if (total > message.capacity()) {
            message = ByteBuffer.allocate(Math.max(total, message.capacity() * 2))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .put(0, message, 0, pieces);
        }
    }
}
