package io.peal.benchmarks;

import io.aeron.Aeron;
import io.aeron.FragmentAssembler;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.logbuffer.Header;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/** Aeron over shared memory; its driver is a process of its own, see {@link #main}. */
final class AeronTransport implements Transport {

    private static final String CHANNEL = "aeron:ipc";
    private static final int STREAM = 1001;
    private static final int FRAGMENT_LIMIT = 64;

    private final Aeron aeron;
    private final @Nullable Publication publication;
    private final @Nullable Subscription subscription;
    private final UnsafeBuffer wrapped = new UnsafeBuffer(0, 0);
    private final FragmentAssembler assembler =
            new FragmentAssembler(this::onMessage); // of what is longer than a frame
    private final IdleStrategy idle;
    private Consumer<ByteBuffer> current = payload -> {};
    private final ByteBuffer received = ByteBuffer.allocateDirect(64 * 1024).order(ByteOrder.BIG_ENDIAN);

    AeronTransport(Path directory, boolean sender, boolean spinning) {
        idle = spinning ? new BusySpinIdleStrategy() : new BackoffIdleStrategy();
        aeron = Aeron.connect(new Aeron.Context()
                .aeronDirectoryName(directory.resolve("aeron").toString()));
        publication = sender ? aeron.addPublication(CHANNEL, STREAM) : null;
        subscription = sender ? null : aeron.addSubscription(CHANNEL, STREAM);
        while (publication != null && !publication.isConnected()) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    /** The driver, until it is killed; the argument is the directory. */
    public static void main(String... args) throws InterruptedException {
        MediaDriver.Context context = new MediaDriver.Context()
                .aeronDirectoryName(Path.of(args[0]).resolve("aeron").toString())
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true);
        try (MediaDriver driver = MediaDriver.launch(context)) {
            Thread.currentThread().join(); // until it is killed
            throw new IllegalStateException(driver.aeronDirectoryName());
        }
    }

    @Override
    public void send(ByteBuffer payload, int length) {
        if (publication == null) {
            throw new IllegalStateException("this is the receiving end");
        }
        wrapped.wrap(payload, 0, length);
        while (publication.offer(wrapped, 0, length) < 0 && publication.isConnected()) { // else nobody listens any more
            Thread.onSpinWait();
        }
    }

    @Override
    public void receive(Consumer<ByteBuffer> onPayload, BooleanSupplier done) {
        if (subscription == null) {
            throw new IllegalStateException("this is the sending end");
        }
        current = onPayload;
        while (!done.getAsBoolean()) {
            idle.idle(subscription.poll(assembler, FRAGMENT_LIMIT));
        }
    }

    @Override
    public void close() {
        aeron.close();
    }

    private void onMessage(DirectBuffer buffer, int offset, int length, Header header) {
        buffer.getBytes(offset, received, 0, length);
        current.accept(received.limit(length).position(0));
    }
}
