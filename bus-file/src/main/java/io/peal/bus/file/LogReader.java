package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.Gap;
import io.peal.bus.Reader;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.spi.KnownTopics;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A cursor over the log: steps R1 to R5 of {@link OrderLog}. Not thread-safe. Passing over a record that nobody wants
 * costs one slot and one cache line; delivering one makes no garbage.
 *
 * <p>A reader whose next record is trimmed is told the gap, and goes on where the log begins. A record that is not what
 * its writer made of it is never handed out: it is reported, and told as a gap of one position.
 */
final class LogReader implements Reader {

    private static final int FAR_BEHIND = 1_024; // positions, from which on the topic index is worth asking
    private static final int FEW_TOPICS = 16; // with more, going from one message to the next costs more than looking

    private final LogView log;
    private final Runnable checkOpen;
    private final ErrorHandler errorHandler;
    private final @Nullable TopicSet topics; // null: all
    private final KnownTopics knownTopics = new KnownTopics();
    private final RecordCopy copy = new RecordCopy();
    private final SegmentViews views;
    private @Nullable IndexSegment index;
    private long position;
    private boolean closed;

    /**
     * @param position what was read already
     * @param topics what is wanted, null for everything
     * @param checkOpen throws when nothing may be read any more
     */
    LogReader(LogView log, long position, @Nullable TopicSet topics, Runnable checkOpen, ErrorHandler errorHandler) {
        this.log = log;
        this.views = log.newViews();
        this.checkOpen = checkOpen;
        this.errorHandler = errorHandler;
        this.position = position;
        this.topics = topics;
    }

    @Override
    public int poll(Subscriber subscriber, int limit, long last) {
        checkUsable(limit);
        TopicIndex.View coverage = coverage(last);
        for (int passed = 0; passed < limit; passed++) {
            if (coverage != null && position < coverage.end() && !goToNextIn(coverage, last)) {
                skipTrimmed(subscriber, last);
                continue;
            }
            long next = position + 1;
            if (next > last) {
                return passed;
            }
            IndexSegment segment = index;
            if (segment == null || !segment.holdsWithinRun(next)) {
                segment = segmentOf(next);
            }
            if (segment == null) {
                if (log.oldest() <= next) { // not made yet
                    return passed;
                }
                skipTrimmed(subscriber, last);
                continue;
            }
            long descriptor = segment.get(next);
            if (descriptor == Descriptor.EMPTY) {
                return passed;
            }
            if (descriptor == Descriptor.TOMBSTONE) {
                passTombstones(segment, Math.min(last, next + limit - passed - 1), subscriber);
            } else if (!pass(next, descriptor, subscriber)) {
                skipTrimmed(subscriber, last);
            }
        }
        return limit;
    }

    /** The segment of a position, which is most often the one that is known; not inlined, see {@link IndexSegment#holdsWithinRun}. */
    private @Nullable IndexSegment segmentOf(long next) {
        IndexSegment known = index;
        if (known != null && known.holds(next)) {
            return known;
        }
        IndexSegment segment = log.segmentOf(next);
        index = segment;
        return segment;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public void close() {
        closed = true;
    }

    /** Whether it may still be polled; of use only to who does not mind a late answer. */
    boolean isOpen() {
        return !closed;
    }

    private void checkUsable(int limit) {
        checkOpen.run();
        if (closed) {
            throw new IllegalStateException("the reader is closed");
        }
        if (limit < 1) {
            throw new IllegalArgumentException("limit is " + limit + ", at least 1 is needed");
        }
    }

    /** Tells what was lost when the machine stopped. */
    private void passTombstones(IndexSegment segment, long last, Subscriber subscriber) {
        long first = position + 1;
        position = first;
        while (position < last && segment.holds(position + 1) && segment.get(position + 1) == Descriptor.TOMBSTONE) {
            position++;
        }
        subscriber.onGap(new Gap(first, position));
    }

    /** Passes one position; false if the log has been trimmed beyond it. */
    private boolean pass(long next, long descriptor, Subscriber subscriber) {
        SegmentView view;
        try {
            view = views.of(descriptor);
        } catch (DamagedFileException e) {
            if (isTrimmed(next)) {
                return false;
            }
            errorHandler.onError(e);
            lose(next, descriptor, subscriber);
            return true;
        }
        int at = view == null ? 0 : view.placeOf(Descriptor.offset(descriptor));
        int topicLength = view == null ? 0 : view.topicLength(at);
        if (view != null && topicLength > 0 && topics != null && view.find(topics, at, topicLength) == null) {
            if (isTrimmed(next)) {
                return false;
            }
            position = next;
            return true;
        }
        boolean intact = view != null
                && topicLength > 0
                && view.copyTo(copy, at, topicLength)
                && copy.isIntact(Descriptor.writerId(descriptor), Descriptor.offset(descriptor));
        if (isTrimmed(next)) {
            return false;
        }
        Topic topic = intact ? topicOfCopy() : null;
        if (topic == null) {
            lose(next, descriptor, subscriber);
        } else {
            deliver(next, topic, subscriber);
        }
        return true;
    }

    /** Step R4: asked after the record was read, so the fence keeps the question behind the reading. */
    private boolean isTrimmed(long next) {
        VarHandle.acquireFence();
        return log.oldest() > next;
    }

    private void deliver(long next, Topic topic, Subscriber subscriber) {
        position = next; // before the callback: what throws was delivered
        copy.show(topic, next);
        try {
            subscriber.onMessage(copy);
        } finally {
            copy.hide();
        }
    }

    private @Nullable Topic topicOfCopy() {
        int at = DataLayout.topicAt(0);
        return topics != null
                ? topics.find(copy.topicHash(), copy.bytesOfTopic(), at, copy.topicLength())
                : knownTopics.find(copy.topicHash(), copy.bytesOfTopic(), at, copy.topicLength());
    }

    /** What the topic index knows of the positions to come, if this reader is far behind and wants few topics. */
    private TopicIndex.@Nullable View coverage(long last) {
        TopicIndex topicIndex = log.topicIndex();
        if (topicIndex == null || topics == null || topics.size() > FEW_TOPICS) {
            return null;
        }
        long end = Math.min(log.nearNewest(), last);
        return end - position < FAR_BEHIND ? null : topicIndex.from(position, end, topics);
    }

    /** Passes what the index knows to be of other topics; false if the log has been trimmed beyond this reader. */
    private boolean goToNextIn(TopicIndex.View coverage, long last) {
        long target = Math.min(coverage.nextBehind(position) - 1, last);
        if (isTrimmed(position + 1)) { // the index need not know any more what was there
            return false;
        }
        position = target;
        return true;
    }

    private void skipTrimmed(Subscriber subscriber, long last) {
        long before = position;
        position = Math.min(log.oldest() - 1, last);
        if (topics == null || log.mayHaveTrimmed(topics, before)) {
            subscriber.onGap(new Gap(before + 1, position));
        }
    }

    private void lose(long next, long descriptor, Subscriber subscriber) {
        position = next;
        errorHandler.onError(new BusException("the message at position " + next + " is lost, because its record or its"
                + " descriptor (" + Descriptor.describe(descriptor)
                + ") is damaged: something else wrote into the directory of the bus, or the memory is"
                + " faulty"));
        subscriber.onGap(new Gap(next, next));
    }
}
