package io.peal.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peal.bus.Bus;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.bus.file.FileBus;
import io.peal.fanout.Fanout;
import io.peal.fanout.MessageForm;
import io.peal.protocol.CentrifugeProtocol;
import java.nio.ByteBuffer;
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
 * What it costs an event loop to read a message of the log again and to give it the form of the Centrifuge protocol, once for
 * all its clients; {@code RAW} is the reading alone. {@code java -jar benchmarks/target/benchmarks.jar FormBenchmark}.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
@State(Scope.Thread)
public class FormBenchmark {

    private static final int MESSAGES = 1_000;

    /** What the payload is. */
    public enum Payload {
        /** Text that is JSON. */
        JSON,
        /** Text that is none. */
        TEXT
    }

    /** What is done with it. */
    public enum Form {
        /** It is read. */
        RAW,
        /** It is read, checked, and put into its envelope. */
        CENTRIFUGE
    }

    /** What the payload is. */
    @Param
    public Payload payload;

    /** What is done with it. */
    @Param
    public Form form;

    /** The length of the payload in bytes. */
    @Param({"128", "1024"})
    public int length;

    private ScratchDirectory directory;
    private Bus bus;
    private MessageForm.Encoder encoder;
    private long sum;

    /** Publishes what is read again and again. */
    @Setup(Level.Trial)
    public void publish() {
        directory = new ScratchDirectory("peal-benchmark-");
        bus = FileBus.open(directory.path());
        encoder = MessageForm.raw().newEncoder();
        if (form == Form.CENTRIFUGE) {
            encoder =
                    CentrifugeProtocol.on(Fanout.on(bus).build()).build().form().newEncoder();
        }
        StringBuilder text = new StringBuilder(payload == Payload.JSON ? "{\"list\":[0" : "no JSON [0");
        while (text.length() < length - 2) {
            text.append(",\"é\"");
        }
        text.append(payload == Payload.JSON ? "]}" : "]]");
        byte[] bytes = text.toString().getBytes(UTF_8);
        for (int i = 0; i < MESSAGES; i++) {
            bus.publisher().publish(Topic.of("news"), ByteBuffer.wrap(bytes), PayloadKind.TEXT);
        }
    }

    /** Leaves nothing behind. */
    @TearDown(Level.Trial)
    public void close() {
        bus.close();
        directory.close();
    }

    /** Reads all of them. */
    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public long read() {
        try (Reader reader = bus.newReader(StartFrom.earliest())) {
            while (reader.poll(this::encode, 64) > 0) {
                // on to the end
            }
        }
        return sum;
    }

    private void encode(Message message) {
        sum += encoder.payloadOf(message).remaining();
    }
}
