package io.peal.bus;

/**
 * A cursor over the log that its owner polls. Not thread-safe: it belongs to one thread at a time. It costs no thread,
 * no queue and no copy; nobody waits for it, and it waits for nobody.
 */
public interface Reader extends AutoCloseable {

    /**
     * Hands the next messages to the subscriber, in this thread, before it returns. Messages of topics that the reader
     * does not care about are passed over; those that had to be looked at count.
     *
     * @param limit the most positions to look at, at least 1
     * @return how many positions were looked at; 0 when the reader stands at the end of the log
     * @throws BusException if the log cannot be read just now, because the process has no file descriptor left, for example, or
     *     not any more; nothing is passed that was not handed over, so it can be tried again
     */
    default int poll(Subscriber subscriber, int limit) {
        return poll(subscriber, limit, Long.MAX_VALUE);
    }

    /**
     * Polls, but does not pass the position {@code last}: for a reader that is to become level with another one.
     *
     * @return how many positions were looked at; 0 when the reader stands at the end of the log or at {@code last}
     */
    int poll(Subscriber subscriber, int limit, long last);

    /** The last position that was passed: what comes next is after it. */
    long position();

    /** Gives the cursor back. Idempotent; polling a closed reader is an {@link IllegalStateException}. */
    @Override
    void close();
}
