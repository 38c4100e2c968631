package io.peal.bus.file;

import io.peal.bus.Batch;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;

/**
 * A process of the torture: a writer that publishes until it is killed, or a reader that checks everything it reads and
 * says what it saw.
 *
 * <p>A payload is {@code (writer thread's key, its counter, filler that follows from both)}, so a reader can tell a
 * message that is not what was published, one that came twice, and one that came out of its thread's order.
 */
final class TortureMain {

    /** Of a line that was not cut short by a kill. */
    static final String END = " ;";

    private static final Topic[] TOPICS = {Topic.of("even"), Topic.of("odd")};
    private static final int THREADS = 2;
    private static final long TOLD_EVERY = 1_000; // messages
    private static final int MOST_TOGETHER = 32; // messages
    private static final int MAX_FILLER = 3_000;
    private static final long NOTHING_CAME_NS = 20_000;

    private TortureMain() {}

    public static void main(String... args) throws InterruptedException {
        Path directory = Path.of(args[1]);
        if (args[0].equals("write")) {
            write(directory, Long.parseLong(args[2]));
        } else {
            read(directory);
        }
    }

    static FileBus open(Path directory) {
        return FileBus.at(directory)
                .dataSegmentLength(64 * 1024)
                .indexSegmentSlots(256)
                .maxLength(16 * 64 * 1024)
                .errorHandler(error -> System.out.println("FAILED " + error)) // a lost message, above all
                .open();
    }

    /** Prints {@code published POSITION KEY COUNTER ;} now and then: what its publish has returned. */
    private static void write(Path directory, long key) throws InterruptedException {
        FileBus bus = open(directory);
        System.out.println("ready");
        Thread[] threads = new Thread[THREADS];
        for (int i = 0; i < THREADS; i++) {
            long own = key * THREADS + i;
            threads[i] = new Thread(() -> publish(bus, own));
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /** One thread publishes each message by itself, the other one some at a time. */
    private static void publish(FileBus bus, long key) {
        int together = key % THREADS == 0 ? 1 : MOST_TOGETHER;
        Batch batch = new Batch();
        ByteBuffer payload = ByteBuffer.allocate(16 + MAX_FILLER);
        SplittableRandom random = new SplittableRandom(key);
        for (long counter = 1; ; counter++) {
            payload.clear();
            payload.putLong(key).putLong(counter);
            int filler = random.nextInt(100) == 0 ? random.nextInt(MAX_FILLER) : random.nextInt(200);
            for (int i = 0; i < filler; i++) {
                payload.put((byte) (key * 31 + counter + i));
            }
            Topic topic = TOPICS[(int) (counter & 1)];
            boolean told = counter % TOLD_EVERY == 0;
            long position = 0;
            if (together == 1) {
                position = bus.publisher().publish(topic, payload.flip(), PayloadKind.BINARY);
            } else if (batch.add(topic, payload.flip(), PayloadKind.BINARY).size() > random.nextInt(together) || told) {
                position = bus.publisher().publish(batch);
                batch.clear();
            }
            if (told) {
                System.out.println("published " + position + " " + key + " " + counter + END);
            }
        }
    }

    /**
     * Prints {@code read POSITION MESSAGES MISSED} ten times a second, {@code saw POSITION KEY COUNTER} of messages that a
     * writer tells of, too, {@code gap FIRST LAST}, and {@code digest POSITION NUMBER} of the order of each block.
     */
    private static void read(Path directory) {
        FileBus bus = open(directory);
        Checking checking = new Checking();
        Reader reader = bus.newReader(StartFrom.latest());
        checking.start(reader.position());
        System.out.println("ready " + reader.position());
        long told = System.nanoTime();
        while (checking.failure.isEmpty()) {
            if (reader.poll(checking, 256) == 0) {
                LockSupport.parkNanos(NOTHING_CAME_NS); // newcomers need the processors
            }
            if (System.nanoTime() - told > 100_000_000L) {
                told = System.nanoTime();
                System.out.println("read " + reader.position() + " " + checking.messages + " " + checking.lapped);
            }
        }
        System.out.println("FAILED " + checking.failure);
    }

    /** What must hold for each message and gap. */
    private static final class Checking implements Subscriber {

        private static final long BLOCK = 1 << 12; // positions a digest covers

        private final Map<Long, Long> counters = new HashMap<>();
        private final CRC32C digest = new CRC32C();
        private final byte[] word = new byte[Long.BYTES];
        private long last;
        private long messages;
        private long lapped;
        private boolean wholeBlock;
        private String failure = ""; // none yet

        void start(long position) {
            last = position;
        }

        @Override
        public void onMessage(Message message) {
            expect(message.position() == last + 1, message, "comes after " + last);
            last = message.position();
            messages++;
            ByteBuffer payload = message.payload();
            long key = payload.getLong();
            long counter = payload.getLong();
            expect(message.topic().equals(TOPICS[(int) (counter & 1)]), message, "has topic " + message.topic());
            for (int i = 0; payload.hasRemaining(); i++) {
                expect(payload.get() == (byte) (key * 31 + counter + i), message, "has a wrong byte at " + i);
            }
            Long before = counters.put(key, counter);
            expect(before == null || counter > before, message, key + ":" + counter + " comes after " + before);
            addToDigest(key, counter);
            if (counter % TOLD_EVERY == 0) {
                System.out.println("saw " + last + " " + key + " " + counter);
            }
        }

        @Override
        public void onGap(Gap gap) {
            if (gap.first() != last + 1) {
                failure = gap + " comes after " + last;
            }
            System.out.println("gap " + gap.first() + " " + gap.last());
            last = gap.last();
            lapped += gap.last() - gap.first() + 1;
            wholeBlock = false;
        }

        private void addToDigest(long key, long counter) {
            if (last % BLOCK == 0) {
                digest.reset();
                wholeBlock = true;
            }
            ByteBuffer.wrap(word).putLong(key << 40 ^ counter);
            digest.update(word);
            if (last % BLOCK == BLOCK - 1 && wholeBlock) {
                System.out.println("digest " + last + " " + digest.getValue());
            }
        }

        private void expect(boolean holds, Message message, String what) {
            if (!holds && failure.isEmpty()) {
                failure = "position " + message.position() + " of replica " + message.replica() + " " + what + " ("
                        + new String(message.bytes(), StandardCharsets.ISO_8859_1).length() + " bytes)";
            }
        }
    }
}
