package io.peal.bus.file;

import io.peal.bus.TopicSet;
import org.jspecify.annotations.Nullable;

/** What reading needs of a log: of one that this process takes part in, or of one that it only looks at. Thread-safe. */
interface LogView {

    /** The position of the oldest message that is kept, or of the first to come. */
    long oldest();

    /** The index segment of a position, null if there is none: it is trimmed, or nobody has made it yet. Reading makes none. */
    @Nullable
    IndexSegment segmentOf(long position);

    /** New views of data segments; what they show may be trimmed at any moment. */
    SegmentViews newViews();

    /** A position that is full, and not far from the newest; cheap. */
    long nearNewest();

    /** Whether a message of these topics behind a position, which is trimmed itself, may have been trimmed, too. */
    boolean mayHaveTrimmed(TopicSet topics, long position);

    /** Where each topic's messages are; null if that is not known. */
    @Nullable
    TopicIndex topicIndex();
}
