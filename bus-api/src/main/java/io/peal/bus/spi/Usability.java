package io.peal.bus.spi;

import io.peal.bus.Bus;
import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.Subscription;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Whether a bus can be used, and why not; {@link Bus#whyUnusable} and {@link Bus#whenUnusable} of any bus. The first reason
 * stays. Thread-safe; {@link #check} costs one read of a volatile field.
 */
public final class Usability {

    private final ErrorHandler errorHandler;
    private final List<Listener> listeners = new ArrayList<>(); // guarded by this
    private volatile @Nullable RuntimeException reason; // written once, guarded by this

    /**
     * It can be used.
     *
     * @param errorHandler gets the reason, if it is that the bus is lost, and what listeners throw
     */
    public Usability(ErrorHandler errorHandler) {
        this.errorHandler = errorHandler;
    }

    /** The bus was closed. */
    public void close() {
        end(new IllegalStateException("the bus is closed"));
    }

    /** This replica is cut off from the others for good: an error, unless the bus could not be used before. */
    public void lose(BusException why) {
        end(why);
    }

    /** Throws if the bus can be used no more. */
    public void check() {
        RuntimeException why = reason;
        if (why != null) {
            throw why instanceof BusException
                    ? new BusException(messageOf(why), why)
                    : new IllegalStateException(messageOf(why));
        }
    }

    /** See {@link Bus#whyUnusable}. */
    public Optional<String> why() {
        RuntimeException why = reason;
        return why == null ? Optional.empty() : Optional.of(messageOf(why));
    }

    /** See {@link Bus#whenUnusable}. */
    public Subscription listen(Consumer<String> action) {
        Listener listener = new Listener(action);
        RuntimeException why;
        synchronized (this) {
            why = reason;
            if (why == null) {
                listeners.add(listener);
            }
        }
        if (why != null) {
            listener.tell(messageOf(why));
        }
        return listener;
    }

    private void end(RuntimeException why) {
        List<Listener> toTell;
        synchronized (this) {
            if (reason != null) {
                return;
            }
            reason = why;
            toTell = List.copyOf(listeners);
            listeners.clear();
        }
        if (why instanceof BusException) {
            errorHandler.onError(why);
        }
        toTell.forEach(listener -> listener.tell(messageOf(why)));
    }

    private synchronized void forget(Listener listener) {
        listeners.remove(listener);
    }

    private static String messageOf(RuntimeException why) {
        return String.valueOf(why.getMessage());
    }

    private final class Listener implements Subscription {

        private final Consumer<String> action;
        private volatile boolean closed;

        Listener(Consumer<String> action) {
            this.action = action;
        }

        void tell(String why) {
            if (!closed) {
                try {
                    action.accept(why);
                } catch (RuntimeException | Error e) {
                    errorHandler.onError(e);
                }
            }
        }

        @Override
        public void close() {
            closed = true;
            forget(this);
        }
    }
}
