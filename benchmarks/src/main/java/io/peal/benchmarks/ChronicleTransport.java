package io.peal.benchmarks;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import org.jspecify.annotations.Nullable;

/** Chronicle Queue, in the same kind of memory as the bus over files. */
final class ChronicleTransport implements Transport {

    /** What it needs of the JDK. */
    static final List<String> JVM_OPTIONS = List.of(
            "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
            "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-exports=jdk.unsupported/sun.misc=ALL-UNNAMED",
            "--add-exports=jdk.compiler/com.sun.tools.javac.file=ALL-UNNAMED",
            "--add-opens=jdk.compiler/com.sun.tools.javac=ALL-UNNAMED",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
            "--add-opens=java.base/java.io=ALL-UNNAMED",
            "--add-opens=java.base/java.util=ALL-UNNAMED",
            "-Dchronicle.analytics.disable=true",
            "-Dchronicle.disk.monitor.disable=true");

    private static final int MAX_LENGTH = 64 * 1024;
    private static final int POLL_LIMIT = 64;

    private final ChronicleQueue queue;
    private final @Nullable ExcerptAppender appender;
    private final @Nullable ExcerptTailer tailer;
    private final Bytes<ByteBuffer> bytes = Bytes.elasticByteBuffer(MAX_LENGTH);

    ChronicleTransport(Path directory, boolean sender) {
        queue = SingleChronicleQueueBuilder.binary(directory.resolve("queue")).build();
        appender = sender ? queue.createAppender() : null;
        tailer = sender ? null : queue.createTailer();
    }

    @Override
    public void send(ByteBuffer payload, int length) {
        if (appender == null) {
            throw new IllegalStateException("this is the receiving end");
        }
        bytes.clear();
        bytes.write(0, payload, 0, length);
        bytes.writePosition(length);
        appender.writeBytes(bytes);
    }

    @Override
    public void receive(Consumer<ByteBuffer> onPayload, BooleanSupplier done) {
        if (tailer == null) {
            throw new IllegalStateException("this is the sending end");
        }
        ByteBuffer received = ByteBuffer.allocateDirect(MAX_LENGTH);
        while (!done.getAsBoolean()) {
            for (int i = 0; i < POLL_LIMIT; i++) {
                bytes.clear();
                if (tailer.readBytes(bytes)) {
                    received.clear();
                    bytes.read(received);
                    onPayload.accept(received.flip());
                } else {
                    Thread.onSpinWait();
                }
            }
        }
    }

    @Override
    public void close() {
        queue.close();
    }
}
