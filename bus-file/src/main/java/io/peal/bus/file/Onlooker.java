package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.TopicSet;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A log as somebody sees it who does not take part in it: everything is mapped read-only, nothing is made, no lock is
 * held. Good for a bus that is in use, and for one whose processes are all dead. Thread-safe.
 */
final class Onlooker implements LogView {

    private final BusDirectory directory;
    private final Control control;
    private final Geometry geometry;
    private final DataFiles files;

    /**
     * @throws BusException if there is no bus in the directory, or one of another format
     */
    Onlooker(Path path) {
        this.directory = BusDirectory.lookAt(path);
        this.control = Control.lookAt(directory);
        this.geometry = control.geometry();
        this.files = new DataFiles(directory, control.busId(), geometry.dataSegmentLength());
    }

    BusDirectory directory() {
        return directory;
    }

    Control control() {
        return control;
    }

    @Override
    public long oldest() {
        return control.oldest();
    }

    /** The position of the newest message, 0 if there is none. */
    long newest() {
        long next = Math.max(control.tailHint() + 1, control.oldest());
        while (true) {
            IndexSegment segment = segmentOf(next);
            while (segment != null && segment.holds(next) && segment.get(next) != Descriptor.EMPTY) {
                next++;
            }
            if (segment == null || segment.holds(next)) {
                return next - 1;
            }
        }
    }

    @Override
    public @Nullable IndexSegment segmentOf(long position) {
        long number = position >>> geometry.indexSlotsLog2();
        Path file = directory.index(number);
        try {
            return Files.exists(file)
                    ? IndexSegment.mapReadOnly(file, control.busId(), number, geometry.indexSlotsLog2())
                    : null;
        } catch (BusException e) {
            if (oldest() > position) { // removed or used again meanwhile
                return null;
            }
            throw e;
        }
    }

    @Override
    public SegmentViews newViews() {
        return new SegmentViews(files, geometry.dataSegmentLength());
    }

    @Override
    public long nearNewest() {
        return control.tailHint();
    }

    @Override
    public boolean mayHaveTrimmed(TopicSet topics, long position) {
        return true;
    }

    @Override
    public @Nullable TopicIndex topicIndex() {
        return null;
    }
}
