package io.peal.bus.file;

import org.jspecify.annotations.Nullable;

/**
 * The data segments somebody reads just now, found by a hash, so that many writers can alternate without a look-up. Not
 * thread-safe: it belongs to one reader.
 */
final class SegmentViews {

    private static final int CAPACITY = 64;

    private final LogView log;
    private final @Nullable SegmentView[] views = new SegmentView[CAPACITY];

    SegmentViews(LogView log) {
        this.log = log;
    }

    /**
     * A view of the segment a descriptor names, or null if it names none.
     *
     * @throws io.peal.bus.BusException if the segment is not there, or is something else
     */
    @Nullable
    SegmentView of(long descriptor) {
        int writerId = Descriptor.writerId(descriptor);
        long number = log.dataSegmentNumber(Descriptor.offset(descriptor));
        int slot = (int) (writerId * 31L + number) & (CAPACITY - 1);
        SegmentView known = views[slot];
        if (known != null && known.is(writerId, number)) {
            return known;
        }
        if (!Descriptor.isRecord(descriptor)) {
            return null;
        }
        SegmentView opened = new SegmentView(writerId, number, log.dataSegment(writerId, number));
        views[slot] = opened;
        return opened;
    }
}
