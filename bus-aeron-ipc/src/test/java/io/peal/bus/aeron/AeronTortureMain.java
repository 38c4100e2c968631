package io.peal.bus.aeron;

import io.aeron.Aeron;
import io.aeron.Publication;
import io.aeron.logbuffer.BufferClaim;
import io.peal.bus.Batch;
import io.peal.bus.Bus;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;

/**
 * A process of the torture: a writer that publishes until it is killed, a reader that checks everything it reads, or a
 * publisher that stops in the middle of a message.
 *
 * <p>A payload is {@code (writer thread's key, its counter, filler that follows from both)}.
 */
final class AeronTortureMain {

    private static final Topic TOPIC = Topic.of("torture");
    private static final int TERM_LENGTH = 8 << 20;

    /** Who is told a gap is further behind than this: less than the history, because messages are long. */
    private static final long LAPPED = (new StreamOptions(0, TERM_LENGTH).history() / 2) >> Life.PLACE_SHIFT;

    private static final int THREADS = 2;
    private static final int TOLD_EVERY = 100; // messages
    private static final int MOST_TOGETHER = 32;
    private static final int MAX_FILLER = 100_000; // several frames
    private static final long PAUSE_NS = 200_000;
    private static final long STALL_NS = 20_000_000;

    private AeronTortureMain() {}

    public static void main(String... args) throws InterruptedException, IOException {
        Path directory = Path.of(args[1]);
        switch (args[0]) {
            case "write" -> write(directory, Long.parseLong(args[2]));
            case "read" -> read(directory);
            default -> stopInTheMiddle(directory);
        }
    }

    private static AeronBus open(Path directory) {
        return AeronBus.at(directory)
                .driver(AeronDriver.spawned())
                .termLength(TERM_LENGTH)
                .errorHandler(error -> System.out.println("ERROR " + error))
                .open();
    }

    /** Prints {@code published KEY COUNTER POSITION ;} now and then: what its publish has returned. */
    private static void write(Path directory, long key) throws InterruptedException {
        AeronBus bus = open(directory);
        System.out.println("ready");
        for (int i = 0; i < THREADS; i++) {
            long own = key * THREADS + i;
            new Thread(() -> publish(bus, own)).start();
        }
        Thread.currentThread().join();
    }

    /** One thread publishes each message by itself, the other one some at a time. */
    private static void publish(AeronBus bus, long key) {
        int together = key % THREADS == 0 ? 1 : MOST_TOGETHER;
        Batch batch = new Batch();
        ByteBuffer payload = ByteBuffer.allocate(16 + MAX_FILLER);
        SplittableRandom random = new SplittableRandom(key);
        for (long counter = 1; ; counter++) {
            payload.clear();
            payload.putLong(key).putLong(counter);
            int filler = random.nextInt(random.nextInt(2_000) == 0 ? MAX_FILLER : 300);
            for (int i = 0; i < filler; i++) {
                payload.put((byte) (key * 31 + counter + i));
            }
            boolean told = counter % TOLD_EVERY == 0;
            long position = 0;
            if (together == 1) {
                position = bus.publisher().publish(TOPIC, payload.flip(), PayloadKind.BINARY);
            } else if (batch.add(TOPIC, payload.flip(), PayloadKind.BINARY).size() > random.nextInt(together) || told) {
                position = bus.publisher().publish(batch);
                batch.clear();
            }
            if (told) {
                System.out.println("published " + key + " " + counter + " " + position + " ;");
            }
            LockSupport.parkNanos(PAUSE_NS);
        }
    }

    /**
     * Prints {@code digest BLOCK NUMBER} of the order of each block of positions, each time for which nothing came,
     * {@code stall MS}, and {@code gap FIRST LAST} if it was so far behind that it may be told one: where there are fewer
     * processors than processes, any reader may stand still for half a second.
     */
    private static void read(Path directory) throws InterruptedException {
        AeronBus bus = open(directory);
        Checking checking = new Checking(bus);
        Reader reader = bus.newReader(StartFrom.latest());
        Semaphore woken = new Semaphore(0);
        var wakeUp = bus.newWakeUp(woken::release);
        System.out.println("ready");
        long came = System.nanoTime();
        long told = came;
        while (checking.failure.isEmpty()) {
            if (reader.poll(checking, 256) > 0) {
                long now = System.nanoTime();
                if (now - came > STALL_NS && checking.messages > 0) {
                    System.out.println("stall " + (now - came) / 1_000_000);
                }
                came = now;
            } else if (wakeUp.arm(reader.position())) {
                woken.acquire();
            }
            if (came - told > 100_000_000L) {
                told = came;
                System.out.println("read " + checking.messages + " " + checking.counters);
                System.out.println("status " + bus.status());
            }
        }
        System.out.println("FAILED " + checking.failure);
    }

    /** Claims room in the stream and does not go on; who kills it leaves all readers before that place. */
    private static void stopInTheMiddle(Path directory) throws InterruptedException, IOException {
        Life life = Objects.requireNonNull(Life.read(directory.resolve("life")));
        StreamOptions stream = new StreamOptions(0x7ea1, TERM_LENGTH);
        Aeron aeron = Aeron.connect(
                new Aeron.Context().aeronDirectoryName(life.aeronDirectory().toString()));
        Publication publication = aeron.addPublication(stream.publication(), stream.streamIdOf(life));
        BufferClaim claim = new BufferClaim();
        while (publication.tryClaim(100, claim) < 0) {
            Thread.onSpinWait();
        }
        System.out.println("claimed");
        Thread.currentThread().join();
    }

    /** What must hold for each message. */
    private static final class Checking implements Subscriber {

        private static final int BLOCK_SHIFT = 13; // of positions that a digest covers
        private static final long NO_BLOCK = -1;

        private final Bus bus;
        private final Map<Long, Long> counters = new HashMap<>();
        private final Map<Long, Integer> gapsBefore = new HashMap<>(); // by key, when its last message came
        private final CRC32C digest = new CRC32C();
        private final byte[] words = new byte[2 * Long.BYTES];
        private long last;
        private long block = NO_BLOCK;
        private boolean wholeBlock;
        private long messages;
        private int gaps;
        private String failure = ""; // none yet

        Checking(Bus bus) {
            this.bus = bus;
        }

        @Override
        public void onMessage(Message message) {
            expect(message.position() > last, message, "comes after " + last);
            last = message.position();
            messages++;
            ByteBuffer payload = message.payload();
            long key = payload.getLong();
            long counter = payload.getLong();
            for (int i = 0; payload.hasRemaining(); i++) {
                expect(payload.get() == (byte) (key * 31 + counter + i), message, "has a wrong byte at " + i);
            }
            long before = counters.getOrDefault(key, 0L);
            boolean someMissed = gapsBefore.getOrDefault(key, 0) < gaps;
            expect(
                    someMissed ? counter > before : counter == before + 1,
                    message,
                    key + ":" + counter + " comes after " + before);
            counters.put(key, counter);
            gapsBefore.put(key, gaps);
            addToDigest(key, counter);
        }

        private void addToDigest(long key, long counter) {
            if (last >>> BLOCK_SHIFT != block) {
                if (wholeBlock) {
                    System.out.println("digest " + block + " " + digest.getValue());
                }
                wholeBlock = block != NO_BLOCK;
                beginBlock(last);
            }
            ByteBuffer.wrap(words).putLong(key << 40 ^ counter).putLong(last);
            digest.update(words);
        }

        private void beginBlock(long position) {
            block = position >>> BLOCK_SHIFT;
            digest.reset();
        }

        @Override
        public void onGap(Gap gap) {
            long newest = bus.position().value();
            if (gap.first() <= last || newest - gap.last() < LAPPED) {
                failure = gap + " comes after " + last + ", and the newest position is " + newest;
            }
            System.out.println("gap " + gap.first() + " " + gap.last());
            last = gap.last();
            gaps++;
            wholeBlock = false;
            beginBlock(last);
        }

        private void expect(boolean holds, Message message, String what) {
            if (!holds && failure.isEmpty()) {
                failure = "position " + message.position() + " of replica " + message.replica() + " " + what;
            }
        }
    }
}
