package io.peal.testkit;

import io.peal.bus.Gap;
import io.peal.bus.Reader;
import io.peal.bus.Subscriber;
import io.peal.bus.TopicSet;
import org.jspecify.annotations.Nullable;

/** A cursor over an {@link InMemoryLog}. Not thread-safe. */
final class InMemoryReader implements Reader {

    private final InMemoryBus bus;
    private final InMemoryLog log;
    private final @Nullable TopicSet topics; // null: all
    private InMemoryLog.Entry last;
    private boolean closed;

    InMemoryReader(InMemoryBus bus, InMemoryLog log, InMemoryLog.Entry last, @Nullable TopicSet topics) {
        this.bus = bus;
        this.log = log;
        this.last = last;
        this.topics = topics;
    }

    @Override
    public int poll(Subscriber subscriber, int limit, long end) {
        checkUsable(limit);
        skipWhatIsTrimmed(subscriber);
        int passed = 0;
        for (InMemoryLog.Entry next = last.next;
                next != null && next.position() <= end && passed < limit;
                next = last.next) {
            last = next;
            passed++;
            if (topics == null || topics.contains(next.topic())) {
                subscriber.onMessage(next);
            }
        }
        return passed;
    }

    @Override
    public long position() {
        return last.position();
    }

    @Override
    public void close() {
        closed = true;
    }

    private void skipWhatIsTrimmed(Subscriber subscriber) {
        InMemoryLog.Entry beforeOldest = log.beforeOldest();
        if (last.position() < beforeOldest.position()) {
            Gap gap = new Gap(last.position() + 1, beforeOldest.position());
            last = beforeOldest;
            subscriber.onGap(gap);
        }
    }

    private void checkUsable(int limit) {
        bus.checkOpen();
        if (closed) {
            throw new IllegalStateException("the reader is closed");
        }
        if (limit < 1) {
            throw new IllegalArgumentException("limit is " + limit + ", at least 1 is needed");
        }
    }
}
