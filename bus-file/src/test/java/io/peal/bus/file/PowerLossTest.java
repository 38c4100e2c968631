package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.testkit.TestDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What a disk may hold after a power cut: of everything written since it was last forced, any pages, some of them half, and
 * any of the names. Whatever it is, recovery keeps what was forced, hands out nothing that was not published, tells every
 * gap, and can be done twice. {@code -Dpeal.powerloss.images=N} tries more of them.
 */
@Timeout(900)
class PowerLossTest {

    private static final int IMAGES = Integer.getInteger("peal.powerloss.images", 400);
    private static final int IMAGES_OF_ONE_HISTORY = 40;
    private static final int PAGE = 4_096;
    private static final int SECTOR = 512;
    private static final Topic[] TOPICS = {Topic.of("a"), Topic.of("room/42")};

    private final TestDirectory scratch = new TestDirectory();
    private final Path directory = scratch.path().resolve("bus");

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void whatWasForcedIsKeptAndNothingElseIsMadeUp() {
        SplittableRandom random = new SplittableRandom(17);
        for (int image = 0; image < IMAGES; image += IMAGES_OF_ONE_HISTORY) {
            History history = live(random);
            for (int i = 0; i < IMAGES_OF_ONE_HISTORY; i++) {
                restore(mixed(history.forced, history.last, random));
                Map<Object, SavedFile> found = save();
                Seen first = recoverAndRead(history);
                Map<Object, SavedFile> recovered = save();
                restore(brokenOff(found, recovered, random));
                recoverAndRead(history);
                restore(recovered);
                assertThat(recoverAndRead(history).messages).isEqualTo(first.messages);
            }
            goOn(history);
        }
    }

    @Test
    void aSegmentMadeForLaterIsNoSignOfMessages() {
        int published = 60; // of the 64 that have a place in the first segment
        try (FileBus bus = open()) {
            for (int i = 0; i < published; i++) {
                bus.publisher().publish(TOPICS[0], "n" + i);
            }
            while (Files.notExists(BusDirectory.lookAt(directory).index(1))) {
                Thread.onSpinWait();
            }
        }
        SegmentFiles.delete(BusDirectory.lookAt(directory).index(0));
        stampAsOfAnotherBoot();

        try (FileBus bus = open()) {
            assertThat(bus.position().value()).isLessThanOrEqualTo(published);
            assertThat(bus.publisher().publish(TOPICS[0], "after")).isLessThanOrEqualTo(published + 1);
        }
    }

    @Test
    void syncPublishIsOnDiskWhenItReturns() {
        try (FileBus bus = FileBus.at(directory).durability(Durability.sync()).open()) {
            for (int i = 0; i < 100; i++) {
                long position = bus.publisher().publish(TOPICS[0], "n" + i);
                assertThat(new Onlooker(directory).control().checkpoint()).isGreaterThanOrEqualTo(position);
            }
        }
    }

    @Test
    void periodicPublishIsOnDiskSoon() {
        try (FileBus bus = FileBus.at(directory)
                .durability(Durability.periodic(Duration.ofMillis(5)))
                .open()) {
            long position = bus.publisher().publish(TOPICS[0], "soon");
            Control control = new Onlooker(directory).control();
            while (control.checkpoint() < position) {
                Thread.onSpinWait();
            }
        }
    }

    /** A bus that is forced once and used on. */
    private History live(SplittableRandom random) {
        deleteAll();
        History history = new History();
        try (FileBus bus = open();
                FileBus other = open()) {
            publish(history, random.nextInt(600), random, bus, other);
            FileBus third = open();
            publish(history, random.nextInt(600), random, bus, third);
            third.close();
            try (FileBus forcing =
                    FileBus.at(directory).durability(Durability.sync()).open()) {
                publish(history, 1, random, forcing);
            }
            history.checkpoint = bus.position().value();
            history.forced = save();
            publish(history, random.nextInt(1_200), random, bus, other);
            try (FileBus late = open()) {
                publish(history, random.nextInt(100), random, bus, late);
            }
            history.epoch = bus.position().epoch();
            history.last = save();
            history.oldest = bus.oldest();
            history.newest = bus.position().value();
        }
        return history;
    }

    private FileBus open() {
        return FileBus.at(directory)
                .dataSegmentLength(64 * 1024)
                .indexSegmentSlots(64)
                .maxLength(256 * 1024)
                .open();
    }

    private static void publish(History history, int count, SplittableRandom random, FileBus... buses) {
        for (int i = 0; i < count; i++) {
            String text = "n" + history.texts.size() + " payload".repeat(random.nextInt(60));
            Topic topic = TOPICS[random.nextInt(TOPICS.length)];
            long position = buses[random.nextInt(buses.length)].publisher().publish(topic, text);
            history.texts.put(position, text);
        }
    }

    private Seen recoverAndRead(History history) {
        stampAsOfAnotherBoot();
        Recovery.runIfNeeded(
                BusDirectory.lookAt(directory),
                Control.openOrCreate(BusDirectory.lookAt(directory), new Geometry(6, 64 * 1024)));
        Onlooker log = new Onlooker(directory);
        Seen seen = new Seen(log.oldest());
        LogReader reader = new LogReader(log, log.oldest() - 1, null, () -> {}, error -> {
            throw new AssertionError(error);
        });
        while (reader.poll(seen, 100) > 0) {
            Thread.onSpinWait();
        }
        seen.messages.forEach(
                (position, text) -> assertThat(text).as("position " + position).isEqualTo(history.texts.get(position)));
        for (long position = history.oldest; position <= history.checkpoint; position++) {
            assertThat(seen.messages).containsKey(position);
        }
        TopicScan scan = new TopicScan(log);
        int[] bucket = new int[1];
        for (long position : seen.messages.keySet()) {
            assertThat(scan.at(position)).isEqualTo(TopicScan.Found.TOPIC);
            assertThat(scan.bucketsAt(position, 1, bucket)).isEqualTo(position);
            assertThat(bucket[0]).as("of position " + position).isEqualTo(DataLayout.bucketOf(scan.hash()));
        }
        assertThat(seen.next - 1).isEqualTo(log.newest()).isBetween(history.checkpoint, history.newest);
        return seen;
    }

    /** The bus that came out of it is as good as any. */
    private void goOn(History history) {
        long before = new Onlooker(directory).newest();
        try (FileBus bus = open();
                Reader reader = bus.newReader(StartFrom.latest())) {
            assertThat(bus.position().epoch()).isNotEqualTo(history.epoch);
            for (int i = 1; i <= 3_000; i++) {
                String text = "after " + i;
                assertThat(bus.publisher().publish(TOPICS[0], text)).isEqualTo(before + i);
                assertThat(reader.poll(message -> assertThat(message.text()).isEqualTo(text), 1))
                        .isEqualTo(1);
            }
        }
    }

    private void stampAsOfAnotherBoot() {
        Path control = directory.resolve("control");
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(control)).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putLong(ControlLayout.BOOT_ID_AT, 4711);
            bytes.putInt(ControlLayout.CRC_AT, new Checksum().of(bytes.duplicate(), 0, ControlLayout.CRC_AT));
            Files.write(control, bytes.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<Object, SavedFile> mixed(
            Map<Object, SavedFile> before, Map<Object, SavedFile> after, SplittableRandom random) {
        return mixed(before, after, random, 4);
    }

    /** An image between two states; one in {@code oneIn} new names is missing, or is an empty file; 0: none. */
    private static Map<Object, SavedFile> mixed(
            Map<Object, SavedFile> before, Map<Object, SavedFile> after, SplittableRandom random, int oneIn) {
        Map<Object, SavedFile> image = new HashMap<>();
        int pagesDropped = random.nextInt(101);
        for (Map.Entry<Object, SavedFile> entry : after.entrySet()) {
            SavedFile old = before.get(entry.getKey());
            SavedFile now = entry.getValue();
            boolean odd = oneIn > 0 && random.nextInt(oneIn) == 0;
            if (old == null && odd) {
                if (random.nextBoolean()) {
                    image.put(entry.getKey(), new SavedFile(now.name, new byte[0]));
                }
                continue;
            }
            if (old != null && now.isIndex() && !old.name.equals(now.name)) { // its file was used again
                byte[] formatted = formatted(now); // and forced before it got its name
                image.put(
                        entry.getKey(),
                        odd
                                ? new SavedFile(old.name, mixed(old.bytes, formatted, pagesDropped, random))
                                : new SavedFile(now.name, mixed(formatted, now.bytes, pagesDropped, random)));
                continue;
            }
            byte[] oldBytes = old == null ? new byte[now.bytes.length] : old.bytes;
            String name = old != null && odd ? old.name : now.name;
            image.put(entry.getKey(), new SavedFile(name, mixed(oldBytes, now.bytes, pagesDropped, random)));
        }
        for (Map.Entry<Object, SavedFile> entry : before.entrySet()) {
            if (!after.containsKey(entry.getKey()) && random.nextBoolean()) {
                image.put(entry.getKey(), entry.getValue());
            }
        }
        return image;
    }

    /** An index segment as it was before the first message was published to it. */
    private static byte[] formatted(SavedFile index) {
        ByteBuffer bytes = ByteBuffer.wrap(index.bytes.clone()).order(ByteOrder.LITTLE_ENDIAN);
        UUID busId = new UUID(bytes.getLong(IndexLayout.BUS_ID_HIGH_AT), bytes.getLong(IndexLayout.BUS_ID_LOW_AT));
        IndexSegment.format(bytes, busId, bytes.getLong(IndexLayout.SEGMENT_NUMBER_AT), 6);
        return bytes.array();
    }

    /** The power failed again, before the control file was touched, or when all but the control file was forced. */
    private static Map<Object, SavedFile> brokenOff(
            Map<Object, SavedFile> found, Map<Object, SavedFile> recovered, SplittableRandom random) {
        boolean early = random.nextBoolean();
        Map<Object, SavedFile> image = mixed(found, recovered, random, 0);
        for (Map.Entry<Object, SavedFile> entry : recovered.entrySet()) {
            boolean control = entry.getValue().name.equals("control");
            if (control == early) {
                image.put(entry.getKey(), early ? found.get(entry.getKey()) : entry.getValue());
            }
        }
        return image;
    }

    private static byte[] mixed(byte[] before, byte[] after, int pagesDropped, SplittableRandom random) {
        if (before.length != after.length) {
            return after;
        }
        byte[] image = after.clone();
        for (int page = 0; page < image.length; page += PAGE) {
            int fate = random.nextInt(100);
            if (fate < pagesDropped) {
                System.arraycopy(before, page, image, page, Math.min(PAGE, image.length - page));
            } else if (fate < pagesDropped + 10) {
                for (int sector = page; sector < Math.min(image.length, page + PAGE); sector += SECTOR) {
                    if (random.nextBoolean()) {
                        System.arraycopy(before, sector, image, sector, Math.min(SECTOR, image.length - sector));
                    }
                }
            }
        }
        return image;
    }

    private Map<Object, SavedFile> save() {
        while (true) {
            try {
                return saveNow();
            } catch (NoSuchFileException trimmedMeanwhile) {
                Thread.onSpinWait();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private Map<Object, SavedFile> saveNow() throws IOException {
        Map<Object, SavedFile> files = new HashMap<>();
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                Object key =
                        Files.readAttributes(file, BasicFileAttributes.class).fileKey();
                String name = directory.relativize(file).toString();
                if (!name.endsWith(".lock")) {
                    files.put(key, new SavedFile(name, Files.readAllBytes(file)));
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return files;
    }

    private void restore(Map<Object, SavedFile> image) {
        deleteAll();
        try {
            for (String part : List.of("slot", "idx", "dat", "door", "tmp")) {
                Files.createDirectories(
                        directory.resolve(part),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            for (SavedFile file : image.values()) {
                Files.write(directory.resolve(file.name), file.bytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void deleteAll() {
        if (Files.notExists(directory)) {
            return;
        }
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path file : all.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class SavedFile {

        private final String name;
        private final byte[] bytes;

        SavedFile(String name, byte[] bytes) {
            this.name = name;
            this.bytes = bytes;
        }

        boolean isIndex() {
            return name.startsWith("idx");
        }
    }

    private static final class History {

        private final Map<Long, String> texts = new HashMap<>();
        private Map<Object, SavedFile> forced = Map.of();
        private Map<Object, SavedFile> last = Map.of();
        private long epoch;
        private long checkpoint;
        private long oldest;
        private long newest;
    }

    /** What a reader was handed, in order and without a hole. */
    private static final class Seen implements Subscriber {

        private final TreeMap<Long, String> messages = new TreeMap<>();
        private final List<Gap> gaps = new ArrayList<>();
        private long next;

        Seen(long first) {
            this.next = first;
        }

        @Override
        public void onMessage(Message message) {
            assertThat(message.position()).isEqualTo(next);
            messages.put(message.position(), message.text());
            next++;
        }

        @Override
        public void onGap(Gap gap) {
            assertThat(gap.first()).isEqualTo(next);
            gaps.add(gap);
            next = gap.last() + 1;
        }
    }
}
