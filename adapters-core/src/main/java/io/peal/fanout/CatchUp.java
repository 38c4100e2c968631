package io.peal.fanout;

import io.peal.bus.Bus;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.Reader;
import io.peal.bus.Subscriber;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The connections of a shard that are behind it and have room: each reads on from its cursor, a slice at a time, until it
 * is level or its socket is full. Belongs to the shard's event loop.
 */
final class CatchUp<F> {

    private static final int POLL_LIMIT = 64;
    private static final int SLICE_LENGTH = 64 * 1024;

    private final Shard<F> shard;
    private final Bus bus;
    private final FrameBuilder<F> frames;
    private final ArrayDeque<ShardConnection<F>> ready = new ArrayDeque<>();
    private final ToOne toOne = new ToOne();

    CatchUp(Shard<F> shard, Bus bus, FrameBuilder<F> frames) {
        this.shard = shard;
        this.bus = bus;
        this.frames = frames;
    }

    void add(ShardConnection<F> connection) {
        if (!connection.catchingUp) {
            connection.catchingUp = true;
            ready.add(connection);
        }
    }

    /** Gives the one that has waited longest a slice; true if any are left. */
    boolean turn() {
        ShardConnection<F> connection = ready.poll();
        if (connection == null) {
            return false;
        }
        connection.catchingUp = false;
        if (connection.isLagging()) {
            shard.endRun();
            long end = shard.readTo();
            connection.skipUnwanted(end);
            if (connection.position() >= end) {
                connection.becomeLive();
            } else {
                readOn(connection, end);
            }
        }
        return !ready.isEmpty();
    }

    private void readOn(ShardConnection<F> connection, long end) {
        try {
            Reader reader = connection.ownReader(bus);
            toOne.connection = connection;
            toOne.count = 0;
            int passed = 1;
            while (passed > 0 && frames.length() < SLICE_LENGTH && toOne.gap == null) {
                passed = reader.poll(toOne, POLL_LIMIT, end);
            }
            write(connection);
            connection.advance(reader.position());
            settle(connection, end);
        } catch (PositionUnavailableException refusal) {
            connection.refuse(refusal);
        } finally {
            toOne.connection = null;
            toOne.gap = null;
        }
    }

    private void write(ShardConnection<F> connection) {
        if (frames.length() > 0) {
            shard.delivered(toOne.count, frames.length());
            F finished = frames.finish();
            connection.outlet().write(finished);
            frames.release(finished);
            shard.flushSoon(connection);
        }
    }

    private void settle(ShardConnection<F> connection, long end) {
        Gap gap = toOne.gap;
        if (gap != null) {
            connection.lost(gap);
        } else if (connection.position() >= end) {
            connection.becomeLive();
        } else if (connection.outlet().writable()) {
            add(connection);
        }
    }

    /** Collects what a connection's own reader finds. */
    private final class ToOne implements Subscriber {

        private @Nullable ShardConnection<F> connection;
        private @Nullable Gap gap;
        private int count;

        @Override
        public void onMessage(Message message) {
            ShardConnection<F> to = connection;
            if (to != null && to.takes(message.topic(), message.position(), message.payloadLength())) {
                frames.append(message.kind(), message.payload());
                count++;
            }
        }

        @Override
        public void onGap(Gap gap) {
            this.gap = gap;
        }
    }
}
