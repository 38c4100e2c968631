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
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A client that comes back and wants what it has missed of one topic in a thousand: 300 of 300,000 messages. Beside it, a
 * reader that looks at all of them. ({@link TopicReplay} lets ten thousand such clients come at once.)
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
@State(Scope.Thread)
public class TopicReplayBenchmark {

    private static final int TOPICS = 1_000;
    private static final int MESSAGES = 300_000;

    private final Topic[] all = new Topic[TOPICS];
    private ScratchDirectory directory;
    private Bus bus;
    private int next;
    private long bytes;

    /** A log to be replayed; it fills an index segment, which is what has a topic index. */
    @Setup(Level.Trial)
    public void publish() {
        directory = new ScratchDirectory("peal-benchmark-");
        bus = FileBus.open(directory.path());
        for (int i = 0; i < TOPICS; i++) {
            all[i] = Topic.of("room/" + i);
        }
        SplittableRandom random = new SplittableRandom(1);
        Batch batch = new Batch();
        for (int i = 0; i < MESSAGES; i++) {
            batch.add(all[random.nextInt(TOPICS)], ByteBuffer.allocate(64), PayloadKind.BINARY);
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

    /** By the topic index. */
    @Benchmark
    public long oneTopic() {
        next = (next + 1) % TOPICS;
        return replay(bus.newReader(StartFrom.earliest(), TopicSet.of(all[next])));
    }

    /** Everything. */
    @Benchmark
    public long everyMessage() {
        return replay(bus.newReader(StartFrom.earliest()));
    }

    private long replay(Reader reader) {
        try (reader) {
            while (reader.poll(this::take, 64) > 0) {
                // on to the end
            }
        }
        return bytes;
    }

    private void take(Message message) {
        bytes += message.payloadLength();
    }
}
