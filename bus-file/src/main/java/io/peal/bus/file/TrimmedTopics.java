package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.UUID;

/**
 * What is still known of messages that are trimmed: for each topic, a position that none of its trimmed messages is behind.
 * So a client of a quiet topic that was away for long can be told that it has missed nothing, although the log begins behind
 * the position it has. Shared by all processes, in a file of its own. Thread-safe.
 *
 * <p>Topics share buckets by their hashes, so the answer errs, but only to the safe side: something may have been missed. A
 * bucket only rises, and it rises before the log's beginning does; so who has seen that a position is trimmed sees its
 * topic's bucket raised. Writers note the bucket beside each record, so that trimming need not touch the records.
 */
final class TrimmedTopics {

    static final long MAGIC = 0x4d495254_4c414550L; // "PEALTRIM"
    static final int LENGTH = IndexLayout.HEADER_LENGTH + (1 + DataLayout.BUCKETS) * Long.BYTES;

    private static final int BUCKETS_LOG2_AT = IndexLayout.SLOTS_LOG2_AT;
    private static final int ANY_TOPIC_AT = IndexLayout.HEADER_LENGTH; // of messages that could not be read
    private static final int FIRST_BUCKET_AT = ANY_TOPIC_AT + Long.BYTES;

    private final ByteBuffer memory;

    private TrimmedTopics(ByteBuffer memory) {
        this.memory = memory;
    }

    /** Opens the file of a directory; makes it if there is none. */
    static TrimmedTopics openOrCreate(BusDirectory directory, UUID busId) {
        Path file = directory.trimmedTopics();
        ByteBuffer header = header(busId);
        Path unfinished = directory.unfinished();
        SegmentFiles.createIfMissing(file, unfinished, () -> SegmentFiles.create(unfinished, header, LENGTH));
        ByteBuffer memory = SegmentFiles.map(file, LENGTH);
        if (memory.slice(0, header.capacity()).mismatch(header) >= 0) {
            throw new BusException(file + " is damaged or of another bus: stop all replicas and remove the directory");
        }
        return new TrimmedTopics(memory);
    }

    /**
     * Notes the topics of the positions from {@code first} on and before {@code end}, which are about to be trimmed and are
     * full. It goes from the last to the first, so that a bucket rises once, however many messages its topics have; and a run of
     * positions at a time, because it often runs in code that is not compiled, beside readers and publishers.
     */
    void note(LogView log, long first, long end) {
        TopicScan scan = new TopicScan(log);
        int[] buckets = new int[IndexSegment.RUN];
        for (long runEnd = end; runEnd > first; ) {
            long run = Math.max(first, (runEnd - 1) & -IndexSegment.RUN);
            int count = (int) (runEnd - run);
            long untrimmed = scan.bucketsAt(run, count, buckets);
            int noted = Integer.MIN_VALUE; // the bucket of the position behind: most often there are several
            for (int i = count - 1; i >= 0 && run + i >= untrimmed; i--) {
                if (buckets[i] != noted) {
                    noted = buckets[i];
                    Mapped.raise(memory, noted == TopicScan.NO_BUCKET ? ANY_TOPIC_AT : wordOf(noted), run + i);
                }
            }
            if (untrimmed > run) {
                return; // whoever trimmed what is before it has noted that
            }
            runEnd = run;
        }
    }

    /** Whether a message of these topics behind a position may have been trimmed. */
    boolean mayHold(TopicSet topics, long position) {
        if (Mapped.getVolatile(memory, ANY_TOPIC_AT) > position) {
            return true;
        }
        for (Topic topic : topics.toList()) {
            if (Mapped.getVolatile(memory, wordOf(DataLayout.bucketOf(topic.hash()))) > position) {
                return true;
            }
        }
        return false;
    }

    private static int wordOf(int bucket) {
        return FIRST_BUCKET_AT + bucket * Long.BYTES;
    }

    private static ByteBuffer header(UUID busId) {
        ByteBuffer header =
                ByteBuffer.allocate(IndexLayout.CRC_AT + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(IndexLayout.MAGIC_AT, MAGIC);
        header.putInt(IndexLayout.MAJOR_AT, ControlLayout.MAJOR);
        header.putInt(BUCKETS_LOG2_AT, Integer.numberOfTrailingZeros(DataLayout.BUCKETS));
        header.putLong(IndexLayout.BUS_ID_HIGH_AT, busId.getMostSignificantBits());
        header.putLong(IndexLayout.BUS_ID_LOW_AT, busId.getLeastSignificantBits());
        header.putInt(IndexLayout.CRC_AT, new Checksum().of(header.duplicate(), 0, IndexLayout.CRC_AT));
        return header;
    }
}
