package io.peal.bus.file;

import io.peal.bus.Topic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the actors of a stress test share: the files of a tiny bus, each mapped twice, as two processes would have them. The
 * regions of one big file are handed out in turn, because a stress test makes thousands of states.
 */
class StressMemory {

    /** Topics of messages in stress tests. */
    static final Topic TOPIC = Topic.of("topic");

    static final int SLOTS_LOG2 = 6;
    static final int SLOTS = 1 << SLOTS_LOG2;
    static final int WRITER = 7;

    private static final UUID BUS_ID = new UUID(1, 2);
    private static final int CONTROL_LENGTH = 8 * 1024;
    private static final int INDEX_LENGTH = 8 * 1024;
    private static final int DATA_LENGTH = 8 * 1024;
    private static final int REGION_LENGTH = CONTROL_LENGTH + 2 * INDEX_LENGTH + DATA_LENGTH;
    private static final int REGIONS = 2_048;
    private static final int CLEARED = 1_024; // of each part: further behind the tests write nothing
    private static final ByteBuffer ZEROS = ByteBuffer.allocate(CLEARED).asReadOnlyBuffer();
    private static final ByteBuffer[] MAPPINGS = map();
    private static final AtomicInteger NEXT = new AtomicInteger();

    final Side one;
    final Side two;

    StressMemory() {
        int region = Math.floorMod(NEXT.getAndIncrement(), REGIONS);
        one = new Side(MAPPINGS[0], region);
        two = new Side(MAPPINGS[1], region);
        one.clear();
        one.nextIndex.clear(SLOTS); // the one slot of it that tests fill
        one.nextIndex.clear(SLOTS + 1);
    }

    /** The bus as one process sees it. */
    static final class Side {

        final Control control;
        final IndexSegment index;
        final IndexSegment nextIndex;
        final DataSegment data;
        final SegmentView view;
        private final ByteBuffer memory;
        private final Checksum checksum = new Checksum();
        private final RecordCopy copy = new RecordCopy();

        private Side(ByteBuffer mapping, int region) {
            memory = mapping.slice(region * REGION_LENGTH, REGION_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
            control = new Control(Path.of("control"), part(0, CONTROL_LENGTH));
            index = new IndexSegment(part(CONTROL_LENGTH, INDEX_LENGTH), 0, SLOTS_LOG2);
            nextIndex = new IndexSegment(part(CONTROL_LENGTH + INDEX_LENGTH, INDEX_LENGTH), 1, SLOTS_LOG2);
            ByteBuffer records = part(CONTROL_LENGTH + 2 * INDEX_LENGTH, DATA_LENGTH);
            data = new DataSegment(records, WRITER, 0);
            view = new SegmentView(WRITER, 0, records);
        }

        /** Puts a descriptor into the first empty slot behind {@code full}, as a publisher does. */
        long append(long full, long descriptor) {
            long position = full + 1;
            while (segmentOf(position).get(position) != Descriptor.EMPTY
                    || !segmentOf(position).fill(position, descriptor)) {
                position++;
            }
            return position;
        }

        long get(long position) {
            return segmentOf(position).get(position);
        }

        /** Writes a record of one payload byte by plain stores, and says what its descriptor is. */
        long write(int number, int payload) {
            int at = at(number);
            int payloadAt = at + DataLayout.payloadOffset(TOPIC.utf8Length());
            ByteBuffer records = data.memory();
            records.putShort(DataLayout.bucketAt(at), (short) DataLayout.bucketOf(TOPIC.hash()));
            records.putInt(DataLayout.payloadLengthAt(at), 1);
            records.putInt(DataLayout.writerIdAt(at), WRITER);
            records.putShort(DataLayout.topicLengthAt(at), (short) TOPIC.utf8Length());
            records.putLong(DataLayout.topicHashAt(at), TOPIC.hash());
            records.putLong(DataLayout.offsetAt(at), at);
            TOPIC.copyUtf8To(records, DataLayout.topicAt(at));
            records.put(payloadAt, (byte) payload);
            int from = DataLayout.checkedFrom(at);
            records.putInt(DataLayout.crcAt(at), checksum.of(records.duplicate(), from, payloadAt + 1 - from));
            return Descriptor.ofRecord(WRITER, at);
        }

        /** The payload of a record, -1 if it is not whole. */
        int read(long descriptor) {
            int at = view.placeOf(Descriptor.offset(descriptor));
            int topicLength = view.topicLength(at);
            boolean intact = topicLength > 0
                    && view.copyTo(copy, at, topicLength)
                    && copy.isIntact(Descriptor.writerId(descriptor), Descriptor.offset(descriptor));
            return intact ? copy.bytesOfTopic().get(DataLayout.payloadOffset(topicLength)) : -1;
        }

        long topicHash(int number) {
            return view.topicHash(at(number));
        }

        int bucket(int number) {
            return view.bucket(at(number));
        }

        /** Makes the first index segment segment number two, as a process does that uses its file again. */
        IndexSegment recycleIndex() {
            ByteBuffer part = part(CONTROL_LENGTH, INDEX_LENGTH);
            IndexSegment.format(part, BUS_ID, 2, SLOTS_LOG2);
            return asSegmentTwo();
        }

        IndexSegment asSegmentTwo() {
            return new IndexSegment(part(CONTROL_LENGTH, INDEX_LENGTH), 2, SLOTS_LOG2);
        }

        static int at(int number) {
            return DataLayout.firstRecordAt(DATA_LENGTH) + number * DataLayout.RECORD_ALIGNMENT;
        }

        private IndexSegment segmentOf(long position) {
            return index.holds(position) ? index : nextIndex;
        }

        private ByteBuffer part(int from, int length) {
            return memory.slice(from, length).order(ByteOrder.LITTLE_ENDIAN);
        }

        private void clear() {
            for (int part = 0; part < REGION_LENGTH; part += INDEX_LENGTH) {
                memory.put(part, ZEROS, 0, CLEARED);
                memory.put(part + IndexLayout.HEADER_LENGTH, ZEROS, 0, CLEARED);
            }
        }
    }

    private static ByteBuffer[] map() {
        try {
            Path tmpfs = Path.of("/dev/shm");
            Path file = Files.isWritable(tmpfs)
                    ? tmpfs.resolve("peal-stress-" + UUID.randomUUID())
                    : Files.createTempFile("peal-stress-", "");
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                long length = (long) REGIONS * REGION_LENGTH;
                return new ByteBuffer[] {
                    channel.map(MapMode.READ_WRITE, 0, length), channel.map(MapMode.READ_WRITE, 0, length)
                };
            } finally {
                Files.delete(file); // the mappings keep it as long as they need it
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
