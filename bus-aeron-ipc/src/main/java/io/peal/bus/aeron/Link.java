package io.peal.bus.aeron;

import io.aeron.Aeron;
import io.aeron.AeronCounters;
import io.aeron.ErrorCode;
import io.aeron.Image;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.exceptions.RegistrationException;
import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.agrona.CloseHelper;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.status.CountersReader;
import org.jspecify.annotations.Nullable;

/**
 * This replica's hold on one life of the stream: a client of the driver, a publication, a subscription that keeps up and one
 * that stays behind. It ends with its driver, or when this process did not run for too long, and is never repaired: the
 * next one takes its place.
 *
 * <p>Whoever touches the publication or the images must be sure that it is not closed meanwhile: publishers by
 * {@link Writer#enter}, others by the lock of {@link Pace}.
 */
final class Link implements AutoCloseable {

    /** Longer than Peal takes to notice a driver's death: until then, its client must not take the memory away. */
    private static final Duration CLIENT_GIVES_UP = Duration.ofSeconds(10);

    private static final long OFTEN_NS = 500_000;
    private static final long SELDOM_NS = 50_000_000;
    private static final long OPEN_LIMIT_NS = Duration.ofSeconds(3).toNanos();

    private static final int DISCARDED_AT =
            CountersReader.counterOffset(AeronCounters.SYSTEM_COUNTER_ID_UNBLOCKED_PUBLICATIONS);

    private final Life life;
    private final Stream stream;
    private final AtomicBuffer counters;
    private final Aeron aeron;
    private final Publication publication;
    private final Image image;
    private final Image history;
    private volatile boolean failed;
    private volatile boolean opened;

    private Link(Life life, StreamOptions options, BiFunction<Life, Path, Stream> streamIn, ErrorHandler errorHandler) {
        this.life = life;
        int streamId = options.streamIdOf(life);
        this.aeron = Aeron.connect(new Aeron.Context()
                .aeronDirectoryName(life.aeronDirectory().toString())
                .driverTimeoutMs(CLIENT_GIVES_UP.toMillis())
                .idleStrategy(new ClientIdle())
                .errorHandler(error -> onError(error, errorHandler)));
        this.counters = aeron.countersReader().valuesBuffer();
        try {
            long publishing = aeron.asyncAddPublication(options.publication(), streamId);
            long reading = aeron.asyncAddSubscription(options.subscription(), streamId);
            long keeping = aeron.asyncAddSubscription(options.subscription(), streamId);
            this.publication = await("publication", () -> aeron.getPublication(publishing));
            Subscription subscription = await("subscription", () -> aeron.getSubscription(reading));
            Subscription staying = await("subscription", () -> aeron.getSubscription(keeping));
            this.image = await("image", () -> imageOf(subscription));
            this.history = await("image", () -> imageOf(staying));
            Path file = StreamMemory.file(life.aeronDirectory(), publication.originalRegistrationId());
            this.stream = streamIn.apply(life, file);
            this.opened = true;
        } catch (Throwable e) { // Aeron throws checked exceptions without saying so
            CloseHelper.quietClose(aeron);
            throw e;
        }
    }

    /**
     * A link to a life's stream.
     *
     * @param streamIn the stream whose memory is in a file
     * @throws BusException if that cannot be had
     */
    static Link open(
            Life life, StreamOptions options, BiFunction<Life, Path, Stream> streamIn, ErrorHandler errorHandler) {
        try {
            return new Link(life, options, streamIn, errorHandler);
        } catch (BusException e) {
            throw e;
        } catch (Exception e) { // of Aeron, which throws checked ones without saying so
            String message = "cannot take part in the stream of the media driver in " + life.aeronDirectory() + ": "
                    + e.getMessage();
            if (e instanceof RegistrationException refused && refused.errorCode() == ErrorCode.STORAGE_SPACE) {
                throw new UnfitException(message + ": give it more room, or choose a shorter termLength");
            }
            throw new BusException(message, e);
        }
    }

    Life life() {
        return life;
    }

    Stream stream() {
        return stream;
    }

    Publication publication() {
        return publication;
    }

    /** That keeps up. */
    Image image() {
        return image;
    }

    /** That stays behind. */
    Image history() {
        return history;
    }

    /** How many messages the driver has discarded, because their publishers stood still in the middle of them. */
    long discardedMessages() {
        return counters.getLongVolatile(DISCARDED_AT);
    }

    /** Before this place, the driver has cleaned the memory. */
    long cleanedTo() {
        return Math.max(0, publication.positionLimit() - StreamOptions.window(publication.termBufferLength()));
    }

    /** Whether it can still be used, as far as the client knows. */
    boolean isUsable() {
        return !failed && !aeron.isClosed() && !publication.isClosed() && !image.isClosed() && !history.isClosed();
    }

    @Override
    public void close() {
        CloseHelper.quietClose(aeron);
    }

    private static @Nullable Image imageOf(Subscription subscription) {
        return subscription.imageCount() == 0 ? null : subscription.imageAtIndex(0);
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
