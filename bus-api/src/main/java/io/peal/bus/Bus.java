package io.peal.bus;

import java.util.Optional;
import java.util.function.Consumer;

/**
 * One ordered log, shared by the replicas of one service: what any of them publishes, all of them read, in the same
 * order. Thread-safe, except that each {@link Reader} belongs to one thread.
 *
 * <p>Close it last: its publishers, subscriptions and readers end with it.
 */
public interface Bus extends AutoCloseable {

    /** The writing end; always the same instance, shared by any number of threads. */
    Publisher publisher();

    /** Subscribes to what is published from now on: {@link #subscribe(Topic, StartFrom, Subscriber)} with latest. */
    default Subscription subscribe(Topic topic, Subscriber subscriber) {
        return subscribe(topic, StartFrom.latest(), subscriber);
    }

    /**
     * Calls the subscriber for every message of the topic, on the bus's dispatching thread, in order. All subscriptions
     * of one bus share that thread: a callback that blocks delays the others, and loses nothing.
     *
     * @throws PositionUnavailableException if {@code startFrom} is a position that cannot be continued completely
     */
    Subscription subscribe(Topic topic, StartFrom startFrom, Subscriber subscriber);

    /**
     * A cursor over the messages of all topics.
     *
     * @throws PositionUnavailableException if {@code startFrom} is a position that cannot be continued completely
     */
    Reader newReader(StartFrom startFrom);

    /**
     * A cursor over the messages of some topics, which may change between polls. A bus that knows that none of them has
     * lost a message since a position may continue there although the log is trimmed beyond it.
     *
     * @param topics used by the reader as it is, not copied; it belongs to the thread that polls the reader
     * @throws PositionUnavailableException if {@code startFrom} is a position that cannot be continued completely
     */
    Reader newReader(StartFrom startFrom, TopicSet topics);

    /**
     * A way to sleep until there is something to read, to be armed by whoever has read everything.
     *
     * @param onAvailable called once each time the wake-up goes off, on a thread of the bus or of a publisher; so it must
     *     only hand on: schedule a task, unpark a thread
     */
    WakeUp newWakeUp(Runnable onAvailable);

    /** Where the newest message stands now, as a resume token for what comes after it. */
    Position position();

    /** The number of this replica on the bus, positive; no two that live at the same time share one. */
    int replica();

    /** The longest payload that can be published, in bytes. */
    int maxPayloadLength();

    /**
     * Why this bus is of no use any more: it was closed, or this replica is cut off from the others for good. Publishing and
     * reading throw then, nobody is woken, and only a new bus helps. Empty for as long as it works; what may pass, such as a
     * full disk, is no reason.
     */
    Optional<String> whyUnusable();

    /**
     * Tells why the bus is of no use any more, once, as soon as it is; at once if it is already.
     *
     * @param action called on any thread, also on one that closes the bus; so it must only hand on
     */
    Subscription whenUnusable(Consumer<String> action);

    /** Leaves the bus. Idempotent, never throws; the other replicas and the log stay as they are. */
    @Override
    void close();
}
