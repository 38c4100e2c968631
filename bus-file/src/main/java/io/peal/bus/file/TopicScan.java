package io.peal.bus.file;

import io.peal.bus.BusException;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** Tells which topic is at which position, without looking further into the records. Not thread-safe. */
final class TopicScan {

    /** What was found at a position. */
    enum Found {
        /** Nothing was published there yet. */
        NOTHING,
        /** The log begins behind it. */
        TRIMMED,
        /** A message was there, and cannot be read. */
        LOST,
        /** A message, whose {@link #hash} is known now. */
        TOPIC
    }

    private final LogView log;
    private final SegmentViews views;
    private @Nullable IndexSegment index;
    private long hash;

    TopicScan(LogView log) {
        this.log = log;
        this.views = log.newViews();
    }

    /** Looks at a position. */
    Found at(long position) {
        IndexSegment segment = index;
        if (segment == null || !segment.holds(position)) {
            segment = log.segmentOf(position);
            index = segment;
        }
        if (segment == null) {
            return log.oldest() > position ? Found.TRIMMED : Found.NOTHING;
        }
        long descriptor = segment.get(position);
        if (descriptor == Descriptor.EMPTY) {
            return Found.NOTHING;
        }
        boolean readable = read(descriptor);
        VarHandle.acquireFence(); // the record was read before this is asked
        if (log.oldest() > position) {
            return Found.TRIMMED;
        }
        return readable ? Found.TOPIC : Found.LOST;
    }

    /** The hash of the topic that was found last. */
    long hash() {
        return hash;
    }

    private boolean read(long descriptor) {
        try {
            SegmentView view = views.of(descriptor);
            if (view == null) {
                return false;
            }
            int at = view.placeOf(Descriptor.offset(descriptor));
            if (view.topicLength(at) == 0) {
                return false;
            }
            hash = view.topicHash(at);
            return true;
        } catch (BusException missing) {
            return false;
        }
    }
}
