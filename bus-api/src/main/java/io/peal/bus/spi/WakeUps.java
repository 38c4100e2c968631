package io.peal.bus.spi;

import io.peal.bus.ErrorHandler;
import io.peal.bus.Subscription;
import java.util.concurrent.CopyOnWriteArrayList;

/** The hooks of {@link io.peal.bus.Bus#onAvailable}. Thread-safe; running them allocates nothing and locks nothing. */
public final class WakeUps {

    private final CopyOnWriteArrayList<Hook> hooks = new CopyOnWriteArrayList<>();
    private final ErrorHandler errorHandler;

    /** No hooks yet; what a hook throws goes to {@code errorHandler}. */
    public WakeUps(ErrorHandler errorHandler) {
        this.errorHandler = errorHandler;
    }

    /** Adds a hook until the subscription is closed. */
    public Subscription add(Runnable wakeUp) {
        Hook hook = new Hook(wakeUp);
        hooks.add(hook);
        return () -> hooks.remove(hook);
    }

    /** Whether there is nobody to wake. */
    public boolean isEmpty() {
        return hooks.isEmpty();
    }

    /** Runs every hook in this thread. */
    public void wakeAll() {
        hooks.forEach(this::run);
    }

    private void run(Hook hook) {
        try {
            hook.wakeUp.run();
        } catch (RuntimeException e) {
            errorHandler.onError(e);
        }
    }

    /** Not the runnable itself: one that was added twice is two hooks, and closing one leaves the other. */
    private static final class Hook {

        private final Runnable wakeUp;

        Hook(Runnable wakeUp) {
            this.wakeUp = wakeUp;
        }
    }
}
