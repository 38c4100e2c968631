package io.peal.bus.file;

import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.UUID;

/**
 * The log: records in private files, put in order by one shared index. Thread-safe and lock-free; see the comment inside.
 */
final class OrderLog {

    /*
     * How it works
     * ------------
     * Every process writes its records into data segments of its own, which no other process ever writes. One index,
     * shared by all, has a 64-bit slot for each position. A message is published by a single compare-and-set of the first
     * empty slot, from 0 to a descriptor that says where the record is.
     *
     * To publish:
     *   P1  refuse what is too long
     *   P2  reserve room in the own active segment (a counter on the heap), rolling to the next segment if there is none
     *   P3  write header, topic and payload with plain stores, the checksum last
     *   P4  start at a slot that is known to be full, and walk to the first empty one
     *   P5  compare-and-set it; whoever loses the race goes on with the next slot
     *   P6  now and then raise the shared hint at which others begin to walk
     * To read:
     *   R1  load the next slot; 0 means the end of the log
     *   R2  find the segment the descriptor names
     *   R3  check bounds, writer, lengths; pass over what nobody wants; check the checksum of what somebody does
     *   R4  hand it out
     *
     * Invariants:
     *   I1  a slot changes once, from 0 to a descriptor, and never again
     *   I2  the record is complete before its slot is not 0: the compare-and-set releases what P3 stored, and the load
     *       in R1 acquires it
     *   I3  there are no holes: a slot is tried only after the slot before it was seen not to be 0 (position 0 counts as
     *       full), and by I1 it stays so
     *   I4  the tail hint is 0 or a full slot: it is raised only to a position that was just filled
     *
     * What a crash leaves behind, step by step. In P1 to P4 nothing is in the index, so nothing happened but some bytes
     * in a file nobody reads. P5 is one atomic instruction: the message is published whole or not at all. In P6 the hint
     * may stay low, which costs the next publisher a walk. A publisher that is stopped anywhere and goes on an hour later
     * finds its slot taken, walks on and publishes then: nobody had waited for it. So there is nothing to repair, nothing
     * to time out, and no step at which one process could make another wait.
     */

    private static final int TAIL_HINT_INTERVAL = 64;

    private final Geometry geometry;
    private final int dataSegmentLengthLog2;
    private final Control control;
    private final Index index;
    private final DataLog own;
    private final DataSegments segments;
    private final Maintenance maintenance;
    private final ThreadLocal<RecordWriter> writers;

    /** A full position, or 0; not the newest one necessarily, and it may fall: only a place to start from. */
    private volatile long knownFull;

    private volatile IndexSegment lastUsed;

    OrderLog(BusDirectory directory, Control control, int writerId, Maintenance maintenance) {
        UUID busId = control.busId();
        this.geometry = control.geometry();
        this.dataSegmentLengthLog2 = Integer.numberOfTrailingZeros(geometry.dataSegmentLength());
        this.control = control;
        this.maintenance = maintenance;
        this.index = new Index(directory, busId, geometry.indexSlotsLog2());
        this.own = new DataLog(directory, busId, writerId, geometry.dataSegmentLength(), maintenance);
        this.segments = new DataSegments(directory, busId, geometry.dataSegmentLength());
        this.writers = ThreadLocal.withInitial(RecordWriter::new);
        this.knownFull = control.tailHint();
        this.lastUsed = index.segmentOf(knownFull);
    }

    /** Publishes one message and returns its position. */
    long publish(Topic topic, ByteBuffer payload, PayloadKind kind) {
        int payloadLength = payload.remaining();
        checkPayloadLength(payloadLength);
        int length = DataLayout.recordLength(topic.utf8Length(), payloadLength);
        DataSegment segment = own.active();
        int at = segment.reserve(length);
        while (at < 0) {
            own.rollFrom(segment);
            segment = own.active();
            at = segment.reserve(length);
        }
        long offset = segment.number() * segment.length() + at;
        writers.get().write(segment, at, offset, topic, payload, kind, nowUs());
        return append(Descriptor.ofRecord(own.writerId(), offset));
    }

    /** Puts a descriptor at the end of the log and returns its position. */
    private long append(long descriptor) {
        long position = firstToTry();
        IndexSegment segment = segmentOf(position);
        while (segment.get(position) != Descriptor.EMPTY || !segment.fill(position, descriptor)) {
            position++;
            if (!segment.holds(position)) {
                segment = segmentOf(position);
            }
        }
        knownFull = position;
        if (position % TAIL_HINT_INTERVAL == 0) {
            control.raiseTailHint(position);
        }
        if (index.isMiddle(position)) {
            IndexSegment filling = segment;
            maintenance.execute(() -> index.prepareBehind(filling));
        }
        return position;
    }

    /** The position of the newest message, 0 if there is none. */
    long newest() {
        long next = firstToTry();
        IndexSegment segment = segmentOf(next);
        while (segment.get(next) != Descriptor.EMPTY) {
            next++;
            if (!segment.holds(next)) {
                segment = segmentOf(next);
            }
        }
        if (next - 1 > knownFull) {
            knownFull = next - 1;
        }
        return next - 1;
    }

    /** The position of the oldest message that is kept, or of the first to come. */
    long oldest() {
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

    IndexSegment segmentOf(long position) {
        IndexSegment segment = lastUsed;
        if (!segment.holds(position)) {
            segment = index.segmentOf(position);
            lastUsed = segment;
        }
        return segment;
    }

    DataSegment dataSegment(int writerId, long number) {
        return segments.segment(writerId, number);
    }

    /** The number of the data segment in which an offset of a writer's log lies. */
    long dataSegmentNumber(long offset) {
        return offset >>> dataSegmentLengthLog2;
    }

    private long firstToTry() {
        return Math.max(Math.max(knownFull, control.tailHint()) + 1, control.oldest());
    }

    private void checkPayloadLength(int payloadLength) {
        if (payloadLength > geometry.maxPayloadLength()) {
            throw new IllegalArgumentException("payload is " + payloadLength + " bytes, the limit is "
                    + geometry.maxPayloadLength() + " (a quarter of a data segment of "
                    + geometry.dataSegmentLength() + ")");
        }
    }

    private static long nowUs() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000;
    }
}
