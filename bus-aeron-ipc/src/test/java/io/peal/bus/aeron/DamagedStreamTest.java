package io.peal.bus.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.aeron.driver.MediaDriver;
import io.aeron.logbuffer.LogBufferDescriptor;
import io.peal.bus.BusException;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.testkit.TestDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whatever is in the stream's memory: a reader neither crashes nor hangs nor reads beyond it, positions rise, and what is
 * far enough from the damage is read. The bytes of payloads are Aeron's to keep: there is no checksum over them.
 */
@Timeout(300)
class DamagedStreamTest {

    private static final int BURSTS = Integer.getInteger("peal.damage.flips", 40_000) / 10;
    private static final int MESSAGES = 300;
    private static final int MOST_POLLS = 10_000;
    private static final Topic[] TOPICS = {Topic.of("a"), Topic.of("room/42"), Topic.of("x".repeat(255))};

    private final TestDirectory scratch = new TestDirectory();
    private final Queue<Throwable> errors = new ConcurrentLinkedQueue<>();
    private MediaDriver driver;
    private AeronBus bus;
    private Path file;

    @BeforeEach
    void fill() throws IOException {
        Path aeron = scratch.path().resolve("aeron");
        driver = MediaDriver.launch(DriverMain.context(aeron).dirDeleteOnStart(true));
        bus = AeronBus.at(scratch.path().resolve("bus"))
                .driver(AeronDriver.external(aeron))
                .termLength(1 << 20)
                .errorHandler(errors::add)
                .open();
        for (int i = 0; i < MESSAGES; i++) {
            bus.publisher().publish(TOPICS[i % TOPICS.length], text(i));
        }
        try (Stream<Path> publications = Files.list(aeron.resolve("publications"))) {
            file = publications.findFirst().orElseThrow();
        }
    }

    @AfterEach
    void clean() {
        bus.close();
        driver.close();
        scratch.close();
    }

    @Test
    void flippedBytesNeitherBreakNorStopAReader() throws IOException {
        SplittableRandom random = new SplittableRandom(7);
        int length = (int) (bus.position().value() * 32); // a position for each 32 bytes of the stream
        ByteBuffer memory = map(file);
        assertThat(read().intact).isEqualTo(MESSAGES);
        long whole = 0;
        for (int i = 0; i < BURSTS; i++) {
            int[] at = random.ints(1 + random.nextInt(20), 0, length).toArray();
            byte[] before = new byte[at.length];
            for (int flip = 0; flip < at.length; flip++) {
                before[flip] = memory.get(at[flip]);
                memory.put(at[flip], (byte) (before[flip] ^ 1 << random.nextInt(8)));
            }
            whole += read().messages;
            for (int flip = at.length - 1; flip >= 0; flip--) {
                memory.put(at[flip], before[flip]);
            }
        }
        assertThat(whole).as("messages that were read all the same").isGreaterThan(BURSTS * (long) MESSAGES / 2);
        Checking undamaged = read();
        assertThat(undamaged.messages).isEqualTo(MESSAGES);
        assertThat(undamaged.intact).isEqualTo(MESSAGES);
        assertThat(errors).isNotEmpty().hasOnlyElementsOfType(BusException.class);
    }

    @Test
    void aTailThatCannotBeIsLookedForNoFurtherThanTheMemoryReaches() throws IOException {
        Path copy = Files.copy(file, scratch.path().resolve("copy"));
        ByteBuffer bytes = map(copy);
        int metaData = bytes.capacity() - LogBufferDescriptor.LOG_META_DATA_LENGTH;
        SplittableRandom random = new SplittableRandom(11);
        for (int i = 0; i < 1_000; i++) {
            bytes.putInt(metaData + LogBufferDescriptor.LOG_ACTIVE_TERM_COUNT_OFFSET, random.nextInt());
            for (int term = 0; term < LogBufferDescriptor.PARTITION_COUNT; term++) {
                bytes.putLong(
                        metaData + LogBufferDescriptor.TERM_TAIL_COUNTERS_OFFSET + term * Long.BYTES,
                        random.nextLong());
            }
            StreamMemory memory = StreamMemory.of(copy, 4711);
            assertThat(memory.firstMessage(0, memory.tail())).isEqualTo(memory.tail());
        }
    }

    @Test
    void lengthsThatCannotBeAreRefused() throws IOException {
        Path copy = Files.copy(file, scratch.path().resolve("copy"));
        ByteBuffer bytes = map(copy);
        int termLengthAt = bytes.capacity()
                - LogBufferDescriptor.LOG_META_DATA_LENGTH
                + LogBufferDescriptor.LOG_TERM_LENGTH_OFFSET;
        for (int length : new int[] {0, -1, 1, 64 * 1024 - 1, 1 << 30, Integer.MIN_VALUE}) {
            bytes.putInt(termLengthAt, length);
            assertThatExceptionOfType(BusException.class)
                    .isThrownBy(() -> StreamMemory.of(copy, 4711))
                    .withMessageContaining(copy.toString());
        }
        Files.write(copy, new byte[100]);
        assertThatExceptionOfType(BusException.class).isThrownBy(() -> StreamMemory.of(copy, 4711));
    }

    private Checking read() {
        Checking checking = new Checking();
        try (Reader reader = bus.newReader(StartFrom.earliest())) {
            int polls = 0;
            while (reader.poll(checking, 64) > 0) {
                assertThat(++polls).as("calls that did something").isLessThan(MOST_POLLS);
            }
        }
        return checking;
    }

    private static ByteBuffer map(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(MapMode.READ_WRITE, 0, channel.size()).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    private static String text(int i) {
        return i + ":" + "payload ".repeat(i % 40 == 0 ? 1_000 : i % 40); // some take several frames
    }

    private static final class Checking implements Subscriber {

        private int messages;
        private int intact;
        private long last;

        @Override
        public void onMessage(Message message) {
            assertThat(message.position()).isGreaterThan(last);
            last = message.position();
            assertThat(message.bytes()).hasSize(message.payloadLength());
            assertThat(message.topic().name()).isNotEmpty();
            if (message.text().equals(text(messages))) {
                intact++;
            }
            messages++;
        }

        @Override
        public void onGap(Gap gap) {
            assertThat(gap.first()).isGreaterThan(last);
            last = gap.last();
        }
    }
}
