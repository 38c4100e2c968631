package io.peal.benchmarks;

import io.peal.bus.Batch;
import io.peal.bus.Bus;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.file.FileBus;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a replica pays for each message of the log while its clients want some of 100,000 topics; beside it, what a server
 * without a log pays that looks the name up in a {@link ConcurrentHashMap}, which it first has to make a string of.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
@State(Scope.Thread)
public class TopicFilterBenchmark {

    private static final int TOPICS = 100_000;
    private static final int MESSAGES = 100_000;

    /** How many topics are subscribed to. */
    @Param({"1", "100", "10000", "100000"})
    public int subscribed;

    private final TopicSet topics = new TopicSet();
    private final ConcurrentMap<String, Topic> registry = new ConcurrentHashMap<>();
    private final byte[][] names = new byte[MESSAGES][];
    private ScratchDirectory directory;
    private Bus bus;
    private long bytes;

    /** Messages to topics at random. */
    @Setup(Level.Trial)
    public void publish() {
        directory = new ScratchDirectory("peal-benchmark-");
        bus = FileBus.open(directory.path());
        Topic[] all = new Topic[TOPICS];
        for (int i = 0; i < TOPICS; i++) {
            all[i] = Topic.of("room/" + i);
            if (i < subscribed) {
                topics.add(all[i]);
                registry.put(all[i].name(), all[i]);
            }
        }
        SplittableRandom random = new SplittableRandom(1);
        Batch batch = new Batch();
        for (int i = 0; i < MESSAGES; i++) {
            Topic topic = all[random.nextInt(TOPICS)];
            names[i] = topic.name().getBytes(StandardCharsets.UTF_8);
            batch.add(topic, ByteBuffer.allocate(128), PayloadKind.BINARY);
            if (batch.size() == 100) {
                bus.publisher().publish(batch);
                batch.clear();
            }
        }
    }

    /** Leaves nothing behind. */
    @TearDown(Level.Trial)
    public void close() {
        bus.close();
        directory.close();
    }

    /** One message of the log, wanted or not. */
    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public long poll() {
        try (Reader reader = bus.newReader(StartFrom.earliest(), topics)) {
            while (reader.poll(this::take, 64) > 0) {
                // on to the end
            }
        }
        return bytes;
    }

    /** The name of one message, looked up. */
    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public long concurrentHashMap() {
        for (byte[] name : names) {
            Topic topic = registry.get(new String(name, StandardCharsets.UTF_8));
            bytes += topic == null ? 0 : topic.utf8Length();
        }
        return bytes;
    }

    private void take(Message message) {
        bytes += message.payloadLength();
    }
}
