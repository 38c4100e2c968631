package io.peal.bus.aeron.hosts;

import io.peal.bus.Bus;
import io.peal.bus.BusFullException;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes the messages of other hosts on this host's bus, each once, also when bridges are killed: what a bridge was
 * about to publish when it died is looked for by the next one. Belongs to the bridge's thread.
 */
final class LocalPublisher {

    private static final Logger LOGGER = LoggerFactory.getLogger(LocalPublisher.class);
    private static final int LOOK_AT_ONCE = 1_024;

    private final Bus bus;
    private final BridgeState state;
    private long behind; // nothing that this bridge will publish stands before this position

    LocalPublisher(Bus bus, BridgeState state) {
        this.bus = bus;
        this.state = state;
        Position now = bus.position();
        if (state.localEpoch() == now.epoch()) {
            settleIntention(now);
        } else {
            state.intendNothing(); // it was for another life of the bus
            state.localEpoch(now.epoch());
        }
        state.addReplica(bus.replica());
        this.behind = now.value();
    }

    int maxPayloadLength() {
        return bus.maxPayloadLength();
    }

    void publish(int peer, long epoch, long position, Topic topic, ByteBuffer payload, PayloadKind kind) {
        state.intend(peer, position, bus.replica(), behind);
        try {
            behind = bus.publisher().publish(topic, payload, kind);
        } catch (
                BusFullException
                        e) { // of anything else it is not certain that it is not on the bus: the next session looks
            state.intendNothing();
            throw e;
        }
        state.published(peer, epoch, position);
        state.intendNothing();
    }

    private void settleIntention(Position now) {
        int peer = state.intendedPeer();
        Position published = peer < 0 ? null : state.published(peer);
        if (published == null) {
            return;
        }
        if (published.value() < state.intendedPosition() && isOnTheBus(now)) {
            state.published(peer, published.epoch(), state.intendedPosition());
        }
        state.intendNothing();
    }

    /** Whether the bridge that died has published what it was about to. */
    private boolean isOnTheBus(Position now) {
        Search search = new Search(state.intendedReplica());
        try (Reader reader = bus.newReader(StartFrom.after(new Position(now.epoch(), state.intendedBehind())))) {
            while (!search.found
                    && reader.position() < now.value()
                    && reader.poll(search, LOOK_AT_ONCE, now.value()) > 0) {
                Thread.onSpinWait();
            }
        } catch (PositionUnavailableException e) {
            search.giveUp(String.valueOf(e.getMessage()));
        }
        return search.found;
    }

    /** Looks for anything of one replica. */
    private static final class Search implements Subscriber {

        private final int replica;
        private boolean found;

        Search(int replica) {
            this.replica = replica;
        }

        @Override
        public void onMessage(Message message) {
            found |= message.replica() == replica;
        }

        @Override
        public void onGap(Gap gap) {
            if (!found) {
                giveUp(gap.toString());
            }
        }

        void giveUp(String why) {
            found = true;
            LOGGER.warn(
                    "whether the bridge before this one has published its last message is not known any more; it is taken"
                            + " for published: {}",
                    why);
        }
    }
}
