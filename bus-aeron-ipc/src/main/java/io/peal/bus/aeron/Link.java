package io.peal.bus.aeron;

import io.aeron.Aeron;
import io.aeron.Image;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.exceptions.AeronException;
import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.agrona.CloseHelper;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.IdleStrategy;
import org.jspecify.annotations.Nullable;

/**
 * This replica's hold on one life of the stream: a client of the driver, a publication, a subscription that keeps up and one
 * that stays behind. It ends with its driver, or when this process did not run for too long, and is never repaired: the
 * next one takes its place.
 *
 * <p>Whoever touches the publication or the images must be sure that it is not closed meanwhile: publishers by
 * {@link Writer#enter}, readers by the lock of the {@link Feeder}.
 */
final class Link implements AutoCloseable {

    /** Longer than Peal takes to notice a driver's death: until then, its client must not take the memory away. */
    private static final Duration CLIENT_GIVES_UP = Duration.ofSeconds(10);

    private static final long OFTEN_NS = 500_000;
    private static final long SELDOM_NS = 50_000_000;
    private static final long OPEN_LIMIT_NS = Duration.ofSeconds(3).toNanos();

    private final Life life;
    private final Aeron aeron;
    private final Publication publication;
    private final Subscription history;
    private final Image image;
    private final RawLog raw;
    private final long historyLength;
    private volatile boolean failed;
    private volatile boolean opened;

    private Link(Life life, StreamOptions stream, ErrorHandler errorHandler) {
        this.life = life;
        this.historyLength = stream.history();
        int streamId = stream.streamIdOf(life);
        this.aeron = Aeron.connect(new Aeron.Context()
                .aeronDirectoryName(life.aeronDirectory().toString())
                .driverTimeoutMs(CLIENT_GIVES_UP.toMillis())
                .idleStrategy(new ClientIdle())
                .errorHandler(error -> onError(error, errorHandler)));
        try {
            long publishing = aeron.asyncAddPublication(stream.publication(), streamId);
            long reading = aeron.asyncAddSubscription(stream.subscription(), streamId);
            long keeping = aeron.asyncAddSubscription(stream.subscription(), streamId);
            this.publication = await("publication", () -> aeron.getPublication(publishing));
            Subscription subscription = await("subscription", () -> aeron.getSubscription(reading));
            this.history = await("subscription", () -> aeron.getSubscription(keeping));
            this.image = await("image", () -> subscription.imageCount() == 0 ? null : subscription.imageAtIndex(0));
            this.raw = new RawLog(file());
            this.opened = true;
        } catch (RuntimeException e) {
            CloseHelper.quietClose(aeron);
            throw e;
        }
    }

    /**
     * A link to a life's stream.
     *
     * @throws BusException if that cannot be had
     */
    static Link open(Life life, StreamOptions stream, ErrorHandler errorHandler) {
        try {
            return new Link(life, stream, errorHandler);
        } catch (AeronException | IllegalStateException e) {
            throw new BusException(
                    "cannot take part in the stream of the media driver in " + life.aeronDirectory() + ": "
                            + e.getMessage(),
                    e);
        }
    }

    Life life() {
        return life;
    }

    Publication publication() {
        return publication;
    }

    Image image() {
        return image;
    }

    /** Where the stream's memory is. */
    Path file() {
        return RawLog.file(life.aeronDirectory(), publication.originalRegistrationId());
    }

    RawLog raw() {
        return raw;
    }

    /** Whether it can still be used, as far as the client knows. */
    boolean isUsable() {
        return !failed && !aeron.isClosed() && !publication.isClosed() && !image.isClosed();
    }

    /** Lets history begin later, so that it keeps its length. */
    void trimHistory() {
        DriverMain.keepHistory(history, image.position(), historyLength);
    }

    /** Ends all but the view of the memory, which shows what others go on to write. */
    void closeClient() {
        CloseHelper.quietClose(aeron);
    }

    @Override
    public void close() {
        closeClient();
        CloseHelper.quietClose(raw);
    }

    private void onError(Throwable error, ErrorHandler errorHandler) {
        if (error instanceof AgentTerminationException) {
            return;
        }
        if (aeron == null || aeron.isClosed() || error instanceof io.aeron.exceptions.TimeoutException) {
            failed = true; // this process or the driver did not run for a while: the next link repairs it
        } else {
            errorHandler.onError(error);
        }
    }

    /** Looks often for what the driver answers while the link is opened, and seldom from then on. */
    private final class ClientIdle implements IdleStrategy {

        @Override
        public void idle(int workCount) {
            if (workCount == 0) {
                idle();
            }
        }

        @Override
        public void idle() {
            LockSupport.parkNanos(opened ? SELDOM_NS : OFTEN_NS);
        }

        @Override
        public void reset() {}
    }

    private static <T> T await(String what, Supplier<@Nullable T> supplier) {
        long deadline = System.nanoTime() + OPEN_LIMIT_NS;
        for (T found = supplier.get(); ; found = supplier.get()) {
            if (found != null) {
                return found;
            }
            if (System.nanoTime() - deadline > 0) {
                throw new BusException("the media driver gives no " + what + " for the stream");
            }
            LockSupport.parkNanos(500_000);
        }
    }
}
