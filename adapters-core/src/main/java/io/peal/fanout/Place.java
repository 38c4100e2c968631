package io.peal.fanout;

import io.peal.bus.Position;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A connection's place among those there may be, taken before its client is answered: nobody is told that it is connected
 * and then sent away for want of one. Whoever took it opens a connection with it ({@link Shard#open}), which gives it back at
 * its end, or gives it back if none comes about. Thread-safe.
 */
public final class Place implements Entry {

    private final ConnectionCap cap;
    private final Position answeredAt;
    private final @Nullable Object attachment;
    private final boolean oneTooMany;
    private final AtomicBoolean taken = new AtomicBoolean(true);

    Place(ConnectionCap cap, Position answeredAt, @Nullable Object attachment, boolean oneTooMany) {
        this.cap = cap;
        this.answeredAt = answeredAt;
        this.attachment = attachment;
        this.oneTooMany = oneTooMany;
    }

    /** Another may have it; idempotent. */
    public void giveBack() {
        if (taken.getAndSet(false)) {
            cap.giveBack();
        }
    }

    /**
     * Where the log was before the client was told that it is connected: what is published from then on is the latest for
     * subscriptions that {@code onOpen} makes, because the client may know of it.
     */
    Position answeredAt() {
        return answeredAt;
    }

    /** What was attached to it when it was let in. */
    @Nullable
    Object attachment() {
        return attachment;
    }

    /** Whether there was none left, and its connection cannot stay. */
    boolean isOneTooMany() {
        return oneTooMany;
    }
}
