package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.Gap;
import io.peal.bus.Reader;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A cursor over the log: steps R1 to R4 of {@link OrderLog}. Not thread-safe. Passing over a record that nobody wants
 * costs one slot and one cache line; delivering one makes no garbage.
 *
 * <p>A record that is not what its writer made of it is never handed out: it is reported, and told as a gap of one
 * position.
 */
final class LogReader implements Reader {

    private static final int VIEWS =
            64; // of segments, found by a hash: so many writers can alternate without a look-up

    private final FileBus bus;
    private final OrderLog log;
    private final @Nullable TopicSet topics; // null: all
    private final KnownTopics knownTopics = new KnownTopics();
    private final Checksum checksum = new Checksum();
    private final RecordView view = new RecordView();
    private final @Nullable SegmentView[] views = new SegmentView[VIEWS];
    private IndexSegment index;
    private long position;
    private boolean closed;

    LogReader(FileBus bus, OrderLog log, long position, @Nullable TopicSet topics) {
        this.bus = bus;
        this.log = log;
        this.position = position;
        this.topics = topics;
        this.index = log.segmentOf(position + 1);
    }

    @Override
    public int poll(Subscriber subscriber, int limit, long last) {
        checkUsable(limit);
        for (int passed = 0; passed < limit; passed++) {
            long next = position + 1;
            if (next > last) {
                return passed;
            }
            if (!index.holds(next)) {
                index = log.segmentOf(next);
            }
            long descriptor = index.get(next);
            if (descriptor == Descriptor.EMPTY) {
                return passed;
            }
            position = next; // before the callback: what throws was delivered
            pass(descriptor, subscriber);
        }
        return limit;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public void close() {
        closed = true;
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

    private void pass(long descriptor, Subscriber subscriber) {
        SegmentView segment = segmentOf(descriptor);
        int at = segment == null ? 0 : segment.placeOf(Descriptor.offset(descriptor));
        int topicLength = segment == null ? 0 : segment.topicLength(at);
        if (segment == null || topicLength == 0) {
            lose(subscriber);
        } else if (topics == null) {
            passToAll(segment, at, topicLength, descriptor, subscriber);
        } else {
            Topic topic = find(topics, segment.memory(), at, topicLength);
            if (topic != null) {
                deliver(segment, at, topic, descriptor, subscriber);
            }
        }
    }

    private void passToAll(SegmentView segment, int at, int topicLength, long descriptor, Subscriber subscriber) {
        ByteBuffer memory = segment.memory();
        Topic topic = knownTopics.find(
                memory.getLong(DataLayout.topicHashAt(at)), memory, DataLayout.topicAt(at), topicLength);
        if (topic == null) {
            lose(subscriber);
        } else {
            deliver(segment, at, topic, descriptor, subscriber);
        }
    }

    private void deliver(SegmentView segment, int at, Topic topic, long descriptor, Subscriber subscriber) {
        if (!segment.isIntact(at, topic.utf8Length(), Descriptor.offset(descriptor), checksum)) {
            lose(subscriber);
            return;
        }
        view.show(segment, at, topic, position);
        try {
            subscriber.onMessage(view);
        } finally {
            view.hide();
        }
    }

    private static @Nullable Topic find(TopicSet topics, ByteBuffer memory, int at, int topicLength) {
        return topics.find(memory.getLong(DataLayout.topicHashAt(at)), memory, DataLayout.topicAt(at), topicLength);
    }

    /** The segment a descriptor names, or null if there is none. */
    private @Nullable SegmentView segmentOf(long descriptor) {
        int writerId = Descriptor.writerId(descriptor);
        long number = log.dataSegmentNumber(Descriptor.offset(descriptor));
        int slot = (int) (writerId * 31L + number) & (VIEWS - 1);
        SegmentView known = views[slot];
        if (known != null && known.is(writerId, number)) {
            return known;
        }
        return Descriptor.isRecord(descriptor) ? open(writerId, number, slot) : null;
    }

    private @Nullable SegmentView open(int writerId, long number, int slot) {
        try {
            SegmentView opened = new SegmentView(log.dataSegment(writerId, number));
            views[slot] = opened;
            return opened;
        } catch (BusException e) {
            bus.errorHandler().onError(e);
            return null;
        }
    }

    private void lose(Subscriber subscriber) {
        bus.errorHandler()
                .onError(new BusException("the message at position " + position + " is lost, because its record or its"
                        + " descriptor is damaged: something else wrote into the directory of the bus, or the memory is"
                        + " faulty"));
        subscriber.onGap(new Gap(position, position));
    }
}
