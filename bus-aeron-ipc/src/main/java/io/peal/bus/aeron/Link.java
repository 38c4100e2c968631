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
import org.agrona.CloseHelper;
import org.agrona.concurrent.AgentTerminationException;

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
    private static final Duration CLIENT_GIVES_UP = Duration.ofSeconds(15);

    private static final long OPEN_LIMIT_NS = Duration.ofSeconds(10).toNanos();

    private final Life life;
    private final Aeron aeron;
    private final Publication publication;
    private final Subscription history;
    private final Image image;
    private final RawLog raw;
    private final long historyLength;
    private volatile boolean failed;

    private Link(Life life, StreamOptions stream, ErrorHandler errorHandler) {
        this.life = life;
        this.historyLength = stream.history();
        int streamId = stream.streamIdOf(life);
        this.aeron = Aeron.connect(new Aeron.Context()
                .aeronDirectoryName(life.aeronDirectory().toString())
                .driverTimeoutMs(CLIENT_GIVES_UP.toMillis())
                .errorHandler(error -> onError(error, errorHandler)));
        try {
            this.publication = aeron.addPublication(stream.publication(), streamId);
            Subscription subscription = aeron.addSubscription(stream.subscription(), streamId);
            this.history = aeron.addSubscription(stream.subscription(), streamId);
            this.image = awaitImage(subscription);
            this.raw = new RawLog(file());
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

    @Override
    public void close() {
        CloseHelper.quietClose(raw);
        CloseHelper.quietClose(aeron);
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

    private static Image awaitImage(Subscription subscription) {
        long deadline = System.nanoTime() + OPEN_LIMIT_NS;
        while (subscription.imageCount() == 0) {
            if (System.nanoTime() - deadline > 0) {
                throw new BusException("the media driver gives no image of the stream");
            }
            LockSupport.parkNanos(1_000_000);
        }
        return subscription.imageAtIndex(0);
    }
}
