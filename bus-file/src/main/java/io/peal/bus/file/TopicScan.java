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
        /** A message, whose {@link #hash} or {@link #bucket} is known now. */
        TOPIC
    }

    private final LogView log;
    private final SegmentViews views;
    private @Nullable IndexSegment index;
    private long hash;
    private int bucket;

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

    /** Looks for the bucket of the topic at a position: where many are to be known, that takes a small part of the time. */
    Found bucketAt(long position) {
        long descriptor = descriptorAt(position);
        boolean readable = descriptor != Descriptor.EMPTY && readBucket(descriptor);
        return judge(position, descriptor, readable);
    }

    /** The hash of the topic that was found last by {@link #at}. */
    long hash() {
        return hash;
    }

    /** The bucket that was found last by {@link #bucketAt}. */
    int bucket() {
        return bucket;
    }

    /** What the index says, {@link Descriptor#EMPTY} if it has nothing to say. */
    private long descriptorAt(long position) {
        IndexSegment segment = index;
        if (segment == null || !segment.holds(position)) {
            segment = log.segmentOf(position);
            index = segment;
        }
        return segment == null ? Descriptor.EMPTY : segment.get(position);
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

    private boolean readBucket(long descriptor) {
        SegmentView view = viewOf(descriptor);
        bucket = view == null ? -1 : view.bucket(view.placeOf(Descriptor.offset(descriptor)));
        return bucket >= 0;
    }

    private @Nullable SegmentView viewOf(long descriptor) {
        try {
            return views.of(descriptor);
        } catch (DamagedFileException missing) {
            return null;
        }
    }
}
