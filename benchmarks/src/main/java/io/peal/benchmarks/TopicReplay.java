package io.peal.benchmarks;

import io.peal.bus.Batch;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.file.FileBus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What it costs when many clients come back at once: ten thousand readers of one topic each, of a thousand topics, replay a
 * million messages of the log, beside one reader that looks at every position and delivers nothing, and one that delivers
 * everything.
 *
 * <p>Usage: {@code java -cp benchmarks/target/benchmarks.jar io.peal.benchmarks.TopicReplay [ROUNDS]}
 */
public final class TopicReplay {

    private static final int MESSAGES = 1_000_000;
    private static final int TOPICS = 1_000;
    private static final int CLIENTS = 10_000;
    private static final int PAYLOAD_LENGTH = 64;
    private static final int POLL_LIMIT = 64;

    private static final Topic[] TOPIC =
            IntStream.range(0, TOPICS).mapToObj(i -> Topic.of("room/" + i)).toArray(Topic[]::new);

    private TopicReplay() {}

    /** See the class. */
    public static void main(String... args) throws IOException {
        int rounds = args.length == 0 ? 5 : Integer.parseInt(args[0]);
        try (ScratchDirectory directory = new ScratchDirectory("peal-replay-");
                FileBus bus = FileBus.open(directory.path())) {
            fill(bus);
            Position start = new Position(bus.position().epoch(), 0);
            for (int round = 0; round < rounds; round++) {
                long scanNs = replay(bus, start, manyTopicsOfNobody());
                long deliverNs = replay(bus, start, null);
                long firstNs = replay(bus, start, TopicSet.of(TOPIC[0])); // makes the topic index, in the first round
                long resumeNs = 0;
                for (int client = 0; client < CLIENTS; client++) {
                    resumeNs += replay(bus, start, TopicSet.of(TOPIC[client % TOPICS]));
                }
                double delivered = (double) CLIENTS * MESSAGES / TOPICS;
                System.out.printf(
                        "scan %,d us   deliver each %.0f ns   first resume %,d us   %,d resumes %,d us, each message"
                                + " %.0f ns%n",
                        scanNs / 1_000,
                        (double) deliverNs / MESSAGES,
                        firstNs / 1_000,
                        CLIENTS,
                        resumeNs / 1_000,
                        resumeNs / delivered);
            }
        }
    }

    private static void fill(FileBus bus) {
        ByteBuffer payload = ByteBuffer.allocate(PAYLOAD_LENGTH);
        Batch batch = new Batch();
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < MESSAGES; i++) {
            batch.add(TOPIC[random.nextInt(TOPICS)], payload, PayloadKind.BINARY);
            if (batch.size() == 100) {
                bus.publisher().publish(batch);
                batch.clear();
            }
        }
    }

    /** So many that the reader looks at every position. */
    private static TopicSet manyTopicsOfNobody() {
        TopicSet topics = new TopicSet();
        for (int i = 0; i < 100; i++) {
            topics.add(Topic.of("of nobody/" + i));
        }
        return topics;
    }

    /** The time in which a new reader has read everything. */
    private static long replay(FileBus bus, Position start, @Nullable TopicSet topics) {
        Count count = new Count();
        long before = System.nanoTime();
        try (Reader reader = topics == null
                ? bus.newReader(StartFrom.after(start))
                : bus.newReader(StartFrom.after(start), topics)) {
            while (reader.poll(count, POLL_LIMIT) > 0) {
                Thread.onSpinWait();
            }
        }
        long took = System.nanoTime() - before;
        if (count.bytes % PAYLOAD_LENGTH != 0) {
            throw new IllegalStateException(count.bytes + " bytes are not a whole number of messages");
        }
        return took;
    }

    private static final class Count implements Subscriber {

        private long bytes;

        @Override
        public void onMessage(Message message) {
            bytes += message.payload().remaining();
        }
    }
}
