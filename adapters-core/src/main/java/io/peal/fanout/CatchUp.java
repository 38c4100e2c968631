package io.peal.fanout;

import io.peal.bus.Bus;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.Reader;
import io.peal.bus.Subscriber;
import java.time.Duration;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The connections of a shard that are behind it and have room: each reads on from its cursor, a slice at a time, until it
 * is level or its socket is full. Belongs to the shard's event loop.
 */
final class CatchUp<B> {

    private static final int POLL_LIMIT = 64;
    private static final int SLICE_LENGTH = 64 * 1024;
    private static final long SLICE_NS = 500_000; // a topic may be rare, and the log long
    private static final Duration LOOK_AGAIN = Duration.ofMillis(1); // at a message that is not complete

    private final Shard<B> shard;
    private final Bus bus;
    private final TurnCount count;
    private final ArrayDeque<Feed<B>> ready = new ArrayDeque<>();
    private final ToOne toOne = new ToOne();

    CatchUp(Shard<B> shard, Bus bus, TurnCount count) {
        this.shard = shard;
        this.bus = bus;
        this.count = count;
    }

    void add(Feed<B> feed) {
        if (!feed.catchingUp) {
            feed.catchingUp = true;
            ready.add(feed);
        }
    }

    /** Gives the one that has waited longest a slice; true if any are left. */
    boolean turn() {
        Feed<B> feed = ready.poll();
        if (feed == null) {
            return false;
        }
        feed.catchingUp = false;
        if (feed.isLagging()) {
            shard.endRun();
            long end = shard.readTo();
            feed.skipUnwanted(end);
            if (feed.position() >= end) {
                feed.becomeLive();
            } else {
                readOn(feed, end);
            }
        }
        return !ready.isEmpty();
    }

    private void readOn(Feed<B> feed, long end) {
        try {
            Reader reader = feed.ownReader(bus);
            toOne.feed = feed;
            toOne.messages = 0;
            long deadline = System.nanoTime() + SLICE_NS;
            int passed;
            do {
                passed = reader.poll(toOne, POLL_LIMIT, end);
            } while (passed > 0
                    && feed.frames().length() < SLICE_LENGTH
                    && toOne.gap == null
                    && System.nanoTime() - deadline < 0);
            write(feed);
            boolean moved = reader.position() != feed.position();
            feed.advance(reader.position());
            settle(feed, end, moved);
        } catch (PositionUnavailableException refusal) {
            feed.connection().refuse(refusal);
        } catch (RuntimeException | Error e) {
            feed.frames().discard(); // it is not for others
            shard.fail(feed, e);
        } finally {
            toOne.feed = null;
            toOne.gap = null;
        }
    }

    private void write(Feed<B> feed) {
        FrameBuilder<B> frames = feed.frames();
        if (frames.length() > 0) {
            count.delivered(toOne.messages, frames.length());
            FrameRun<B> finished = frames.finish();
            feed.outlet().write(finished);
            finished.release();
            shard.flushSoon(feed);
        }
    }

    private void settle(Feed<B> feed, long end, boolean moved) {
        Gap gap = toOne.gap;
        Throwable failure = feed.frames().takeFailure();
        if (failure != null) {
            shard.fail(feed, failure);
        } else if (gap != null) {
            feed.connection().lost(gap);
        } else if (feed.position() >= end) {
            feed.becomeLive();
        } else if (feed.outlet().writable() && moved) {
            add(feed);
        } else if (feed.outlet().writable()) {
            addLater(feed);
        }
    }

    /** It is behind a message that its publisher has not completed yet, although the shard has begun to read further on. */
    private void addLater(Feed<B> feed) {
        if (!feed.awaitingMessage) {
            feed.awaitingMessage = true;
            shard.loop().schedule(() -> lookAgain(feed), LOOK_AGAIN);
        }
    }

    private void lookAgain(Feed<B> feed) {
        feed.awaitingMessage = false;
        if (feed.isLagging()) {
            shard.catchUp(feed);
        }
    }

    /** Collects what a connection's own reader finds. */
    private final class ToOne implements Subscriber {

        private @Nullable Feed<B> feed;
        private @Nullable Gap gap;
        private int messages;

        @Override
        public void onMessage(Message message) {
            Feed<B> to = feed;
            if (to != null && to.takes(message)) {
                to.frames().append(message);
                messages++;
            }
        }

        @Override
        public void onGap(Gap gap) {
            this.gap = gap;
        }
    }
}
