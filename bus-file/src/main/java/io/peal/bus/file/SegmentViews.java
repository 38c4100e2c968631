package io.peal.bus.file;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The data segments somebody reads just now, found by a hash, so that many writers can alternate without a look-up. Not
 * thread-safe: it belongs to one reader.
 */
final class SegmentViews {

    private static final int CAPACITY = 64;

    private final DataFiles files;
    private final int segmentLengthLog2;
    private final SegmentView[] views = new SegmentView[CAPACITY];

    SegmentViews(DataFiles files, int segmentLength) {
        this.files = files;
        this.segmentLengthLog2 = Integer.numberOfTrailingZeros(segmentLength);
        Arrays.fill(views, SegmentView.NONE); // instead of null: see SegmentView.is
    }

    /**
     * A view of the segment a descriptor names, or null if it names none.
     *
     * @throws io.peal.bus.BusException if the segment is not there, or is something else
     */
    @Nullable
    SegmentView of(long descriptor) {
        int writerId = Descriptor.writerId(descriptor);
        long number = Descriptor.offset(descriptor) >>> segmentLengthLog2;
        int slot = (int) (writerId * 31L + number) & (CAPACITY - 1);
        SegmentView known = views[slot];
        if (known.is(writerId, number)) {
            return known;
        }
        if (!Descriptor.isRecord(descriptor)) {
            return null;
        }
        SegmentView opened = new SegmentView(writerId, number, files.memory(writerId, number));
        views[slot] = opened;
        return opened;
    }

    /**
     * Takes a copy of what a descriptor names; false if that is no record as its writer made it.
     *
     * @throws io.peal.bus.BusException if the segment is not there, or is something else
     */
    boolean copyIntact(long descriptor, RecordCopy copy) {
        SegmentView view = of(descriptor);
        if (view == null) {
            return false;
        }
        long offset = Descriptor.offset(descriptor);
        int at = view.placeOf(offset);
        int topicLength = view.topicLength(at);
        return topicLength > 0
                && view.copyTo(copy, at, topicLength)
                && copy.isIntact(Descriptor.writerId(descriptor), offset);
    }
}
