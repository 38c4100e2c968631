package io.peal.bus.file;

import io.peal.bus.Batch;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.spi.BurstClock;
import io.peal.bus.spi.Ticks;
import io.peal.bus.spi.WallClock;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The log: records in private files, put in order by one shared index. Thread-safe and lock-free; see the comment inside.
 */
final class OrderLog implements LogView {

    /*
     * How it works
     * ------------
     * Every process writes its records into data segments of its own, which no other process ever writes. One index,
     * shared by all, has a 64-bit slot for each position. A message is published by a single compare-and-set of the first
     * free slot, to a descriptor that says where the record is.
     *
     * To publish:
     *   P1  refuse what is too long
     *   P2  reserve room in the own active segment (a counter on the heap), rolling to the next segment if there is none
     *   P3  write header, topic and payload with plain stores, the checksum last
     *   P4  refuse if the others have declared this process dead; start at a slot that is known to be full, and walk to
     *       the first free one
     *   P5  compare-and-set it; whoever loses the race goes on with the next slot
     *   P6  now and then raise the shared hint at which others begin to walk
     *   P7  count the record as finished; if its segment is full and everything in it is, seal it
     *   P8  if anybody sleeps, ring
     * To read:
     *   R1  load the next slot; a free one means the end of the log
     *   R2  find the segment the descriptor names
     *   R3  check bounds; pass over what nobody wants; copy what somebody does
     *   R4  look whether the log still begins at or before this position: if so, what was read is what was written
     *   R5  check the copy's writer, lengths and checksum, and hand it out
     *
     * Trimming raises the position at which the log begins, and only then are index segments and data segments used again. So a reader that looks there after it has read (R4) knows whether it read the record or
     * what came after it, as with a sequence lock; and nobody ever waits for a reader.
     *
     * Invariants:
     *   I1  a slot changes once, from free to a descriptor, until its segment is trimmed; when the file of that is used
     *       again for another segment, its slots are free in another way, so who was stopped meanwhile cannot fill one
     *   I2  the record is complete before its slot is not free: the compare-and-set releases what P3 stored, and the load
     *       in R1 acquires it
     *   I3  there are no holes: a slot is tried only after the slot before it was seen not to be free (position 0 counts as
     *       full), and by I1 it stays so
     *   I4  the tail hint is 0 or a full slot: it is raised only to a position that was just filled
     *   I5  the log begins at most one behind the newest position, so every slot before its beginning is full
     *   I6  a segment is sealed with a position that none of its records is behind, and only when no record of it can get
     *       into the index any more; it is used again only when the log begins behind that position
     *
     * What a crash leaves behind, step by step. In P1 to P4 nothing is in the index, so nothing happened but some bytes
     * in a file nobody reads. P5 is one atomic instruction: the message is published whole or not at all. In P6 the hint
     * may stay low, which costs the next publisher a walk. A publisher that is stopped anywhere and goes on an hour later
     * finds its slot taken, walks on and publishes then: nobody had waited for it. In P7 a segment may stay open although
     * it is full: who buries the dead seals it. In P8 a bell may not be rung: sleepers look by themselves now and then. So
     * there is nothing to repair, nothing to time out, and no step at which one process could make another wait.
     */

    private static final int TAIL_HINT_INTERVAL = 64; // a multiple of a run
    private static final int DELETED_WITHIN = 8; // seconds, if whoever has to delete what is trimmed is not stopped

    private final Geometry geometry;
    private final Control control;
    private final Membership membership;
    private final Index index;
    private final DataLog own;
    private final DataFiles files;
    private final Maintenance maintenance;
    private final TrimmedTopics trimmedTopics;
    private final TopicIndex topicIndex;
    private final Runnable preparingIndex =
            this::prepareIndex; // here, because to link it takes a publisher milliseconds
    private final ThreadLocal<RecordWriter> writers;
    private final WallClock clock = new WallClock();
    private final Ticks ticks;

    /** A full position, or 0; not the newest one necessarily, and it may fall: only a place to start from. */
    private final AtomicLong knownFull;

    private volatile @Nullable IndexSegment lastUsed;

    private long forgottenBefore; // belongs to the background thread, as the next one does
    private int untrimmedFor; // seconds

    OrderLog(
            BusDirectory directory,
            Control control,
            Membership membership,
            Maintenance maintenance,
            DataLog.Trimmer trimmer) {
        this.geometry = control.geometry();
        this.control = control;
        this.membership = membership;
        this.maintenance = maintenance;
        this.ticks = new Ticks(task -> ticking(task, membership.writerId()));
        this.index = new Index(directory, control);
        this.own = new DataLog(directory, control, membership.writerId(), maintenance, this::newest, trimmer);
        this.files = new DataFiles(directory, control.busId(), geometry.dataSegmentLength());
        this.trimmedTopics = TrimmedTopics.openOrCreate(directory, control.busId());
        this.writers = ThreadLocal.withInitial(() -> new RecordWriter(own, new BurstClock(clock, ticks)));
        this.topicIndex = new TopicIndex(this);
        this.knownFull = new AtomicLong(control.tailHint());
        index.segmentOf(newest() + 1); // so that who waits for the first message need not look for it again and again
    }

    /** Publishes one message and returns its position: steps P1 to P7. */
    long publish(Topic topic, ByteBuffer payload, PayloadKind kind) {
        int payloadLength = payload.remaining();
        int length = lengthOfRecord(topic, payloadLength);
        RecordWriter writer = writers.get();
        writer.reserve(own, length);
        try {
            Steps.at(Steps.Step.PUBLISH_RESERVED);
            long offset = writer.write(topic, payload, payloadLength, kind, writer.nowUs());
            Steps.at(Steps.Step.PUBLISH_WRITTEN);
            membership.checkAlive();
            return append(Descriptor.ofRecord(own.writerId(), offset));
        } finally {
            writer.finish(own);
        }
    }

    /** Publishes the messages of a batch and returns the last one's position. */
    long publish(Batch batch) {
        for (int i = 0; i < batch.size(); i++) { // all of them, before the first is published
            lengthOfRecord(batch, i);
        }
        long position = 0;
        for (int from = 0; from < batch.size(); ) {
            int to = from;
            int length = 0;
            do {
                length += lengthOfRecord(batch, to++);
            } while (to < batch.size() && length + lengthOfRecord(batch, to) <= geometry.maxRunLength());
            position = publish(batch, from, to, length);
            from = to;
        }
        return position;
    }

    /** Publishes a run of messages that takes {@code length} bytes of one segment. */
    private long publish(Batch batch, int from, int to, int length) {
        RecordWriter writer = writers.get();
        writer.reserve(own, length);
        try {
            long nowUs = writer.nowUs();
            long[] offsets = writer.offsets(to - from);
            for (int i = from;
                    i < to;
                    i++) { // all of them first, so that then one slot is filled right after the other
                offsets[i - from] =
                        writer.write(batch.topic(i), batch.payload(i), batch.payloadLength(i), batch.kind(i), nowUs);
            }
            long position = 0;
            for (int i = 0; i < to - from; i++) {
                membership.checkAlive();
                position = append(Descriptor.ofRecord(own.writerId(), offsets[i]));
            }
            return position;
        } finally {
            writer.finish(own);
        }
    }

    /** Puts a descriptor at the end of the log and returns its position: steps P4 to P6. */
    private long append(long descriptor) {
        long position = firstToTry();
        IndexSegment segment = lastUsed;
        if (segment == null || !segment.holdsWithinRun(position)) {
            segment = segmentToFill(position);
        }
        Steps.at(Steps.Step.PUBLISH_FOUND_TAIL);
        while (segment == null || !segment.fill(position, descriptor)) { // at once: looking first would fetch it twice
            do {
                position = segment == null ? firstToTry() : position + 1; // null: trimmed while we looked
                if (segment == null || !segment.holdsWithinRun(position)) {
                    segment = segmentToFill(position);
                }
            } while (segment != null && segment.get(position) != Descriptor.EMPTY);
        }
        Steps.at(Steps.Step.PUBLISH_VISIBLE);
        knownFull.setRelease(position); // a hint, so no fence is spent on it
        if (position % IndexSegment.RUN == 0) {
            beginRun(position);
        }
        Steps.at(Steps.Step.PUBLISH_HINTED);
        return position;
    }

    /** What is done once for each run of positions; too long to be inlined, see {@link IndexSegment#holdsWithinRun}. */
    private void beginRun(long position) {
        if (position % TAIL_HINT_INTERVAL == 0) {
            control.raiseTailHint(position);
        }
        long slots = geometry.indexSlots();
        if ((position & (slots - 1)) == slots / 2) { // time to make the next segment
            maintenance.execute(preparingIndex);
        }
    }

    /** On the background thread. */
    private void prepareIndex() {
        IndexSegment filling = segmentOf(nearNewest());
        if (filling != null) {
            index.prepareBehind(filling);
        }
    }

    /** The position of the newest message, 0 if there is none. */
    long newest() {
        long next = firstToTry();
        IndexSegment segment = segmentOf(next);
        while (segment == null
                ? oldest() > next
                : segment.get(next) != Descriptor.EMPTY) { // null: not made, or trimmed
            next = segment == null ? firstToTry() : next + 1;
            segment = segment != null && segment.holds(next) ? segment : segmentOf(next);
        }
        if (next - 1 > knownFull.getAcquire()) {
            knownFull.setRelease(next - 1);
        }
        return next - 1;
    }

    @Override
    public long oldest() {
        return control.oldest();
    }

    long epoch() {
        return control.epoch();
    }

    int maxPayloadLength() {
        return geometry.maxPayloadLength();
    }

    Geometry geometry() {
        return geometry;
    }

    @Override
    public @Nullable IndexSegment segmentOf(long position) {
        IndexSegment likely = lastUsed;
        if (likely != null && likely.holds(position)) {
            return likely;
        }
        IndexSegment segment = index.existingSegmentOf(position);
        lastUsed = segment;
        return segment;
    }

    @Override
    public SegmentViews newViews() {
        return new SegmentViews(files, geometry.dataSegmentLength());
    }

    @Override
    public long nearNewest() {
        return Math.max(knownFull.getOpaque(), control.tailHint());
    }

    @Override
    public boolean mayHaveTrimmed(TopicSet topics, long position) {
        return trimmedTopics.mayHold(topics, position);
    }

    @Override
    public TopicIndex topicIndex() {
        return topicIndex;
    }

    /** Lets the log begin at {@code position}, unless it begins later already. */
    void trimTo(long position) {
        trimmedTopics.note(this, oldest(), position);
        Steps.at(Steps.Step.TRIM_NOTED);
        control.raiseOldest(position);
    }

    /** The first position, not before the oldest and at most one behind the newest, whose message is not older than that. */
    long firstYoungerThan(long timestampUs) {
        RecordCopy copy = new RecordCopy();
        long low = oldest();
        long high = newest() + 1;
        while (low < high) {
            long middle = (low + high) >>> 1;
            if (timestampUs(middle, copy) < timestampUs) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** When a message was published; 0 if it is lost. */
    private long timestampUs(long position, RecordCopy copy) {
        IndexSegment segment = segmentOf(position);
        long descriptor = segment == null ? Descriptor.EMPTY : segment.get(position);
        try {
            return newViews().copyIntact(descriptor, copy) ? copy.timestampUsOfCopy() : 0;
        } catch (DamagedFileException deleted) {
            return 0;
        }
    }

    /** Follows the system's clock; to be called every now and then. */
    void adjustClock() {
        clock.adjust();
    }

    /** Lets go of what is trimmed; to be called every second. */
    void forgetTrimmed() {
        topicIndex.forgetUnlessUsed();
        long oldest = oldest();
        untrimmedFor = oldest == forgottenBefore ? untrimmedFor + 1 : 0;
        forgottenBefore = oldest;
        if (untrimmedFor <= DELETED_WITHIN || untrimmedFor % DELETED_WITHIN == 0) {
            index.forgetTrimmed();
            files.forgetDeleted(oldest);
            own.deleteUnused();
        }
    }

    /** Leaves no segment unsealed, unless a publication is still going on. */
    void close() {
        own.close();
    }

    /** The segment of a position, made if need be, because somebody has a message for it; null if it is trimmed. Not inlined. */
    private @Nullable IndexSegment segmentToFill(long position) {
        IndexSegment likely = lastUsed;
        if (likely != null && likely.holds(position)) {
            return likely;
        }
        IndexSegment segment = index.segmentOf(position);
        lastUsed = segment;
        return segment;
    }

    private long firstToTry() {
        return Math.max(Math.max(knownFull.getAcquire(), control.tailHint()) + 1, control.oldest());
    }

    private static Thread ticking(Runnable task, int writerId) {
        Thread thread = new Thread(task, "peal-" + writerId + "-ticks");
        thread.setDaemon(true);
        return thread;
    }

    private int lengthOfRecord(Batch batch, int i) {
        return lengthOfRecord(batch.topic(i), batch.payloadLength(i));
    }

    private int lengthOfRecord(Topic topic, int payloadLength) {
        if (payloadLength > geometry.maxPayloadLength()) {
            throw new IllegalArgumentException("payload is " + payloadLength + " bytes, the limit is "
                    + geometry.maxPayloadLength() + " (a quarter of a data segment of "
                    + geometry.dataSegmentLength() + ")");
        }
        return DataLayout.recordLength(topic.utf8Length(), payloadLength);
    }
}
