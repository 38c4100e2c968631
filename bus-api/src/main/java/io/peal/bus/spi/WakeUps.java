package io.peal.bus.spi;

import io.peal.bus.ErrorHandler;
import io.peal.bus.WakeUp;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * The wake-ups of one bus. Thread-safe; arming and firing allocate nothing and lock nothing.
 *
 * <p>Why none is lost: who arms does, in this order, (1) note that it is armed, (2) announce to publishers that somebody
 * sleeps, (3) look at the log once more. A publisher does (a) publish, (b) look whether somebody sleeps. If (b) came
 * before (2), then (a) came before (3), which sees the message. All of these are volatile accesses, or have a full fence
 * between them, so this order is the order everybody sees.
 *
 * <p>A publisher that sees the announcement takes it away, and may be late: its message was read meanwhile, and who is armed is
 * armed behind that. So whoever fires makes the announcement again for those who stay armed, and looks at the log once more.
 */
public final class WakeUps {

    private static final long NOT_ARMED = Long.MAX_VALUE;

    private final CopyOnWriteArrayList<Hook> hooks = new CopyOnWriteArrayList<>();
    private final LongSupplier newest;
    private final Runnable announce;
    private final ErrorHandler errorHandler;

    /**
     * No wake-ups yet.
     *
     * @param newest the newest position of the log
     * @param announce lets publishers know that somebody is about to sleep
     * @param errorHandler gets what the runnables throw
     */
    public WakeUps(LongSupplier newest, Runnable announce, ErrorHandler errorHandler) {
        this.newest = newest;
        this.announce = announce;
        this.errorHandler = errorHandler;
    }

    /** A new wake-up, not armed. */
    public WakeUp add(Runnable onAvailable) {
        Hook hook = new Hook(onAvailable);
        hooks.add(hook);
        return hook;
    }

    /** Whether somebody sleeps, or is about to. */
    public boolean isAnyArmed() {
        for (Hook hook : hooks) {
            if (hook.armedAt.get() != NOT_ARMED) {
                return true;
            }
        }
        return false;
    }

    /** Calls those that are armed at a position before {@code newest}, in this thread; for the others it is announced anew that they sleep. */
    public void fire(long newest) {
        long upTo = newest;
        boolean risen = true;
        while (risen) {
            for (Hook hook : hooks) {
                hook.fireIfBefore(upTo);
            }
            risen = false;
            if (isAnyArmed()) {
                announce.run();
                long now = this.newest.getAsLong();
                risen = now > upTo;
                upTo = now;
            }
        }
    }

    private final class Hook implements WakeUp {

        private final Runnable onAvailable;
        private final AtomicLong armedAt = new AtomicLong(NOT_ARMED);

        Hook(Runnable onAvailable) {
            this.onAvailable = onAvailable;
        }

        @Override
        public boolean arm(long position) {
            if (newest.getAsLong() > position) {
                return false; // and nobody is asked to wake anybody
            }
            armedAt.set(position);
            announce.run();
            boolean readable = newest.getAsLong() > position;
            return !readable || !armedAt.compareAndSet(position, NOT_ARMED); // a failure means that it was just called
        }

        @Override
        public void close() {
            armedAt.set(NOT_ARMED);
            hooks.remove(this);
        }

        void fireIfBefore(long newest) {
            long at = armedAt.get();
            if (at < newest && armedAt.compareAndSet(at, NOT_ARMED)) {
                try {
                    onAvailable.run();
                } catch (RuntimeException | Error e) { // it is this one's own, and the thread is everybody's
                    errorHandler.onError(e);
                }
            }
        }
    }
}
