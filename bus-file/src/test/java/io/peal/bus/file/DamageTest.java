package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.BusException;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.testkit.TestDirectory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whatever is in the files: a reader hands out what was published or tells that it is lost, and never crashes, hangs or
 * hands out anything else. {@code -Dpeal.damage.flips=N} flips more bytes.
 */
@Timeout(600)
class DamageTest {

    private static final int FLIPS = Integer.getInteger("peal.damage.flips", 100_000);
    private static final int MESSAGES = 300;
    private static final int FLIPPED_LENGTH = 16 * 1024; // of each file; further behind there is nothing
    private static final Topic[] TOPICS = {Topic.of("a"), Topic.of("room/42"), Topic.of("x".repeat(255))};

    private final TestDirectory scratch = new TestDirectory();
    private final Path directory = scratch.path().resolve("bus");

    @BeforeEach
    void fill() {
        try (FileBus bus = FileBus.at(directory)
                        .dataSegmentLength(64 * 1024)
                        .indexSegmentSlots(64)
                        .open();
                FileBus other = FileBus.open(directory)) {
            for (int i = 0; i < MESSAGES; i++) {
                (i % 3 == 0 ? other : bus).publisher().publish(TOPICS[i % TOPICS.length], text(i));
            }
        }
    }

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void undamagedLogIsReadWhole() {
        assertThat(read(new Onlooker(directory))).isEqualTo(MESSAGES);
    }

    @Test
    void flippedBytesNeverBecomeMessages() throws IOException {
        List<ByteBuffer> files = new ArrayList<>();
        for (Path file : files("idx", "dat")) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                files.add(channel.map(MapMode.READ_WRITE, 0, channel.size()));
            }
        }
        SplittableRandom random = new SplittableRandom(7);
        int harmless = 0;
        for (int flips = 0; flips < FLIPS; ) {
            int burst = 1 + random.nextInt(20);
            ByteBuffer[] file = new ByteBuffer[burst];
            int[] at = new int[burst];
            byte[] before = new byte[burst];
            for (int i = 0; i < burst; i++, flips++) {
                file[i] = files.get(random.nextInt(files.size()));
                at[i] = random.nextInt(Math.min(FLIPPED_LENGTH, file[i].capacity()));
                before[i] = file[i].get(at[i]);
                file[i].put(at[i], (byte) (before[i] ^ 1 << random.nextInt(8)));
            }
            int intact = readOrRefuse();
            harmless += intact == MESSAGES ? 1 : 0;
            for (int i = burst - 1; i >= 0; i--) {
                file[i].put(at[i], before[i]);
            }
        }
        assertThat(harmless).as("flips that hit something").isLessThan(FLIPS / 20);
        assertThat(read(new Onlooker(directory))).isEqualTo(MESSAGES);
    }

    @Test
    void randomWordsInTheIndexNeverBecomeMessages() throws IOException {
        SplittableRandom random = new SplittableRandom(11);
        Path file = files("idx").get(0);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer index = channel.map(MapMode.READ_WRITE, 0, channel.size());
            for (int round = 0; round < 2_000; round++) {
                int at = IndexLayout.slotAt(1 + random.nextInt(63));
                long before = index.getLong(at);
                index.putLong(at, random.nextLong());
                readOrRefuse();
                index.putLong(at, before);
            }
        }
    }

    @Test
    void damagedControlFileIsRefusedOrReadRight() throws IOException {
        SplittableRandom random = new SplittableRandom(13);
        Path control = directory.resolve("control");
        for (int round = 0; round < 2_000; round++) {
            try (RandomAccessFile file = new RandomAccessFile(control.toFile(), "rw")) {
                int at = random.nextInt(1_024);
                file.seek(at);
                int before = file.read();
                file.seek(at);
                file.write(before ^ 1 << random.nextInt(8));
                readOrRefuse();
                file.seek(at);
                file.write(before);
            }
        }
        assertThat(read(new Onlooker(directory))).isEqualTo(MESSAGES);
    }

    @Test
    void truncatedFileIsToldAndNothingElse() throws IOException {
        for (Path file : files("dat")) {
            long length = Files.size(file);
            try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
                open.setLength(length / 2);
            }
            assertThat(readOrRefuse()).isLessThan(MESSAGES);
        }
    }

    @Test
    void emptyAndForeignFilesAreToldAndNothingElse() throws IOException {
        for (Path file : files("dat")) {
            Files.write(file, new byte[64 * 1024]);
        }
        assertThat(readOrRefuse()).isZero();
        for (Path file : files("idx")) {
            Files.write(file, new byte[3]);
        }
        assertThat(readOrRefuse()).isZero();
    }

    private int readOrRefuse() {
        try {
            return read(new Onlooker(directory));
        } catch (BusException refused) {
            assertThat(refused.getMessage()).isNotBlank();
            return 0;
        }
    }

    /** Reads what there is, checks each message, and counts them. */
    private static int read(Onlooker log) {
        long newest = Math.min(log.newest(), 2L * MESSAGES);
        Checking checking = new Checking();
        LogReader reader = new LogReader(
                log, 0, null, () -> {}, error -> assertThat(error.getMessage()).isNotBlank());
        while (reader.position() < newest && reader.poll(checking, 64, newest) > 0) {
            Thread.onSpinWait();
        }
        return checking.intact;
    }

    private static String text(int i) {
        return i + ":" + "payload ".repeat(i % 40);
    }

    private List<Path> files(String... parts) {
        List<Path> files = new ArrayList<>();
        for (String part : parts) {
            try (Stream<Path> all = Files.list(directory.resolve(part))) {
                all.sorted().forEach(files::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return files;
    }

    private static final class Checking implements Subscriber {

        private int intact;
        private long last;

        @Override
        public void onMessage(Message message) {
            assertThat(message.position()).isGreaterThan(last);
            last = message.position();
            String text = message.text();
            int number = Integer.parseInt(text.substring(0, text.indexOf(':')));
            assertThat(text).isEqualTo(text(number));
            assertThat(message.topic()).isEqualTo(TOPICS[number % TOPICS.length]);
            intact++;
        }

        @Override
        public void onGap(Gap gap) {
            assertThat(gap.first()).isGreaterThan(last);
            last = gap.last();
        }
    }
}
