package io.peal.benchmarks;

import io.aeron.Aeron;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.FragmentHandler;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;
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
 * What {@link FileBusBenchmark} is to be seen beside: one message in and out, in one thread, of Aeron's IPC with a driver in the
 * same process, and of Agrona's ring buffer for many writers and one reader. Neither has topics, positions or history.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED")
@State(Scope.Thread)
public class BaselineBenchmark {

    private static final int STREAM = 1;
    private static final int RING_LENGTH = 4 << 20;

    /** The length of the payload in bytes. */
    @Param({"32", "256", "1024", "16384"})
    public int payloadLength;

    private final ScratchDirectory directory = new ScratchDirectory("peal-baseline-");
    private MediaDriver driver;
    private Aeron aeron;
    private Publication publication;
    private Subscription subscription;
    private ManyToOneRingBuffer ring;
    private UnsafeBuffer payload;
    private long received;
    private final FragmentHandler fragments = (buffer, offset, length, header) -> received += length;
    private final MessageHandler messages = (type, buffer, index, length) -> received += length;

    /** A driver, and a ring. */
    @Setup(Level.Trial)
    public void open() {
        driver = MediaDriver.launch(new MediaDriver.Context()
                .aeronDirectoryName(directory.path().resolve("aeron").toString())
                .threadingMode(ThreadingMode.SHARED)
                .dirDeleteOnShutdown(true));
        aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(driver.aeronDirectoryName()));
        subscription = aeron.addSubscription("aeron:ipc?mtu=65504", STREAM);
        publication = aeron.addPublication("aeron:ipc?mtu=65504", STREAM);
        while (!publication.isConnected()) {
            Thread.onSpinWait();
        }
        ring = new ManyToOneRingBuffer(
                new UnsafeBuffer(ByteBuffer.allocateDirect(RING_LENGTH + RingBufferDescriptor.TRAILER_LENGTH)));
        payload = new UnsafeBuffer(ByteBuffer.allocateDirect(payloadLength));
    }

    /** Leaves nothing behind. */
    @TearDown(Level.Trial)
    public void close() {
        aeron.close();
        driver.close();
        directory.close();
    }

    /** Aeron IPC: offered, and polled. */
    @Benchmark
    public long aeronOfferToPoll() {
        while (publication.offer(payload, 0, payloadLength) < 0) {
            Thread.onSpinWait();
        }
        while (subscription.poll(fragments, 1) == 0) {
            Thread.onSpinWait();
        }
        return received;
    }

    /** The ring buffer: written, and read. */
    @Benchmark
    public long ringWriteToRead() {
        if (!ring.write(1, payload, 0, payloadLength)) {
            throw new IllegalStateException("the ring is full");
        }
        ring.read(messages); // a limit of one would stop at the padding before the ring's end
        return received;
    }
}
