package io.peal.bus.file;

import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** Tells which topic is at which position, or at least its bucket, without looking further into the records. Not thread-safe. */
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

    /** Of a position without a message, or with one that cannot be read. */
    static final int NO_BUCKET = -1;

    private final LogView log;
    private final SegmentViews views;
    private @Nullable IndexSegment index;
    private long hash;

    TopicScan(LogView log) {
        this.log = log;
        this.views = log.newViews();
    }

    /** Looks for the hash of the topic at a position. */
    Found at(long position) {
        long descriptor = descriptorAt(position);
        boolean readable = descriptor != Descriptor.EMPTY && readHash(descriptor);
        return judge(position, descriptor, readable);
    }

    /**
     * Looks for the buckets of the topics at some positions of one index segment: where many are to be known, that takes a small part
     * of the time.
     *
     * @param buckets gets the bucket of the first position, and so on; {@link #NO_BUCKET} if there is no message, or none that can be
     *     read
     * @return the first of these positions that was not trimmed when all were read: what was found before it means nothing
     */
    long bucketsAt(long first, int count, int[] buckets) {
        IndexSegment segment = segmentOf(first);
        for (int i = 0; i < count; i++) {
            long descriptor = segment == null ? Descriptor.EMPTY : segment.get(first + i);
            SegmentView view = descriptor == Descriptor.EMPTY ? null : viewOf(descriptor);
            buckets[i] = view == null ? NO_BUCKET : view.bucket(view.placeOf(Descriptor.offset(descriptor)));
        }
        VarHandle.acquireFence();
        return Math.max(first, log.oldest());
    }

    /** The hash of the topic that was found last by {@link #at}. */
    long hash() {
        return hash;
    }

    /** What the index says, {@link Descriptor#EMPTY} if it has nothing to say. */
    private long descriptorAt(long position) {
        IndexSegment segment = segmentOf(position);
        return segment == null ? Descriptor.EMPTY : segment.get(position);
    }

    private @Nullable IndexSegment segmentOf(long position) {
        IndexSegment segment = index;
        if (segment == null || !segment.holds(position)) {
            segment = log.segmentOf(position);
            index = segment;
        }
        return segment;
    }

    private Found judge(long position, long descriptor, boolean readable) {
        VarHandle.acquireFence(); // the record was read before this is asked
        if (log.oldest() > position) {
            return Found.TRIMMED;
        }
        return readable ? Found.TOPIC : descriptor == Descriptor.EMPTY ? Found.NOTHING : Found.LOST;
    }

    private boolean readHash(long descriptor) {
        SegmentView view = viewOf(descriptor);
        if (view == null) {
            return false;
        }
        int at = view.placeOf(Descriptor.offset(descriptor));
        if (view.topicLength(at) == 0) {
            return false;
        }
        hash = view.topicHash(at);
        return true;
    }

    private @Nullable SegmentView viewOf(long descriptor) {
        try {
            return views.of(descriptor);
        } catch (DamagedFileException missing) {
            return null;
        }
    }
}
