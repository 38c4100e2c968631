package io.peal.benchmarks;

import io.peal.bus.Bus;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Publisher;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.file.FileBus;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One message into the file bus, one message through it from one replica's mapping to another's, and one out of its history.
 *
 * <p>The bus has reached its retained length before anything is measured, so segments are used again, as they are in a
 * server that has run for a while.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
@State(Scope.Thread)
public class FileBusBenchmark {

    private static final Topic TOPIC = Topic.of("benchmark");
    private static final long RETAINED_LENGTH = 256L << 20;

    /** The length of the payload in bytes. */
    @Param({"32", "256", "1024", "16384"})
    public int payloadLength;

    private final Counting counting = new Counting();
    private ByteBuffer payload;
    private ScratchDirectory directory;
    private Bus publishing;
    private Bus reading;
    private Publisher publisher;
    private Reader reader;
    private Reader resumed;

    /** A fresh bus, filled up to its retained length. */
    @Setup(Level.Trial)
    public void open() {
        payload = ByteBuffer.allocateDirect(payloadLength);
        directory = new ScratchDirectory("peal-benchmark-");
        publishing = openReplica();
        reading = openReplica();
        publisher = publishing.publisher();
        for (long filled = 0; filled < 2 * RETAINED_LENGTH; filled += 64 + payloadLength) {
            publisher.publish(TOPIC, payload, PayloadKind.BINARY);
        }
        reader = reading.newReader(StartFrom.latest());
        resumed = reading.newReader(StartFrom.earliest());
    }

    /** Removes it. */
    @TearDown(Level.Trial)
    public void close() {
        reading.close();
        publishing.close();
        directory.close();
    }

    /** Publishing alone. */
    @Benchmark
    public long publish() {
        return publisher.publish(TOPIC, payload, PayloadKind.BINARY);
    }

    /** Publishing by one replica and polling by another, in one thread: no waiting is in it, only the work of both. */
    @Benchmark
    public long publishToPoll() {
        publisher.publish(TOPIC, payload, PayloadKind.BINARY);
        reader.poll(counting, 1);
        return counting.bytes;
    }

    /** Reading a message of long ago, as a client does that comes back: each in its turn, in memory that has left the caches. */
    @Benchmark
    public long readInARow() {
        if (resumed.poll(counting, 1) == 0) {
            resumed = reading.newReader(StartFrom.earliest());
        }
        return counting.bytes;
    }

    private Bus openReplica() {
        return FileBus.at(directory.path()).maxLength(RETAINED_LENGTH).open();
    }

    private static final class Counting implements Subscriber {

        private long bytes;

        @Override
        public void onMessage(Message message) {
            bytes += message.payload().remaining();
        }
    }
}
