package io.peal.bus.aeron;

import io.aeron.Aeron;
import io.aeron.AeronCounters;
import io.aeron.Image;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.status.HeartbeatTimestamp;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.IoUtil;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.SleepingMillisIdleStrategy;
import org.agrona.concurrent.status.CountersReader;

/**
 * The process of a spawned driver: it holds its lock as long as it lives, keeps the stream and some of its history while
 * replicas come and go, and ends when none has been there for a while, or another driver has taken its place.
 */
final class DriverMain {

    /** How long a client of the driver may be silent. Longer pauses of a replica are repaired when it comes back. */
    static final Duration CLIENT_TIMEOUT = Duration.ofSeconds(2);

    /** How long readers wait for a message whose publisher died in the middle of it; longer than the client timeout. */
    static final Duration UNBLOCK_TIMEOUT = Duration.ofMillis(2_500);

    private static final Duration LINGER = Duration.ofSeconds(30);

    /** The history stands before the publishers, so it has to follow them while they are fast. */
    private static final long TICK_NS = TimeUnit.MILLISECONDS.toNanos(10);

    private static final long FAST_TICK_NS = TimeUnit.MICROSECONDS.toNanos(500);
    private static final long LOOK_NS = TimeUnit.SECONDS.toNanos(1);

    /** Messages do not pass through the driver: it only moves the publishers' limit, which is megabytes away. */
    private static final long LONGEST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(4);

    /** The least that Aeron takes, four times as much for their labels included; a replica has three of the 8,192 counters. */
    private static final int COUNTERS_LENGTH = 1 << 20;

    /** What the files of such a driver take, besides the streams. */
    static final long FILES_LENGTH = 13 << 20;

    private DriverMain() {}

    /** {@code args}: the directory, the lock file, stream, term length, the file that says which life this is, and which one it serves. */
    public static void main(String... args) throws IOException {
        Path aeronDirectory = Path.of(args[0]);
        StreamOptions stream = new StreamOptions(Integer.parseInt(args[2]), Integer.parseInt(args[3]));
        try (FileChannel lock =
                        FileChannel.open(Path.of(args[1]), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var held = lock.lock();
                MediaDriver driver = MediaDriver.launch(context(aeronDirectory))) {
            if (held.isValid()) {
                serve(driver, stream, Path.of(args[4]), Long.parseLong(args[5]));
            }
        }
        if (Files.exists(aeronDirectory)) {
            IoUtil.delete(aeronDirectory.toFile(), true);
        }
    }

    /** How a driver for a bus is set up. */
    static MediaDriver.Context context(Path aeronDirectory) {
        return new MediaDriver.Context()
                .aeronDirectoryName(aeronDirectory.toString())
                .threadingMode(ThreadingMode.SHARED)
                .sharedIdleStrategy(new BackoffIdleStrategy(10, 20, 1_000, LONGEST_PAUSE_NS))
                .clientLivenessTimeoutNs(CLIENT_TIMEOUT.toNanos())
                .publicationUnblockTimeoutNs(UNBLOCK_TIMEOUT.toNanos())
                .timerIntervalNs(TimeUnit.MILLISECONDS.toNanos(100))
                .counterValuesBufferLength(COUNTERS_LENGTH)
                .dirDeleteOnStart(false)
                .warnIfDirectoryExists(false)
                .errorHandler(error -> System.err.println("driver in " + aeronDirectory + ": " + error));
    }

    private static void serve(MediaDriver driver, StreamOptions stream, Path lifeFile, long number) throws IOException {
        Aeron.Context context = new Aeron.Context()
                .aeronDirectoryName(driver.aeronDirectoryName())
                .idleStrategy(new SleepingMillisIdleStrategy(50))
                .errorHandler(error -> System.err.println("history of " + driver.aeronDirectoryName() + ": " + error));
        Path own = Path.of(driver.aeronDirectoryName());
        try (Aeron aeron = Aeron.connect(context);
                var publication = aeron.addPublication(stream.publication(), stream.streamId());
                Subscription subscription = aeron.addSubscription(stream.subscription(), stream.streamId())) {
            Subscription history = subscription;
            long usedNs = System.nanoTime();
            long lookedNs = usedNs;
            while (System.nanoTime() - usedNs < LINGER.toNanos() && !publication.isClosed()) {
                boolean fast = keepHistory(history, aeron.countersReader(), stream.history());
                LockSupport.parkNanos(fast ? FAST_TICK_NS : TICK_NS);
                if (System.nanoTime() - lookedNs < LOOK_NS) {
                    continue;
                }
                lookedNs = System.nanoTime();
                if (history.hasNoImages()) { // put aside, because this process did not run for a while
                    history.close();
                    history = aeron.addSubscription(stream.subscription(), stream.streamId());
                }
                if (clients(aeron.countersReader()) > 1) {
                    usedNs = lookedNs;
                }
                if (isSuperseded(own, lifeFile, number)) {
                    return;
                }
            }
        }
    }

    /** Stays behind the subscription that is furthest; returns whether it had far to go. */
    private static boolean keepHistory(Subscription subscription, CountersReader counters, long length) {
        if (subscription.imageCount() == 0) {
            return false;
        }
        Image image = subscription.imageAtIndex(0);
        long before = image.position();
        Pace.moveTo(image, furthest(counters) - length);
        return image.position() - before > length / 16;
    }

    /** Where the subscription is that is furthest: what is before that is complete. */
    private static long furthest(CountersReader counters) {
        long furthest = 0;
        for (int id = 0; id <= counters.maxCounterId(); id++) { // without their labels: this is done all the time
            int state = counters.getCounterState(id);
            if (state == CountersReader.RECORD_UNUSED) {
                break;
            }
            if (state == CountersReader.RECORD_ALLOCATED
                    && counters.getCounterTypeId(id) == AeronCounters.DRIVER_SUBSCRIBER_POSITION_TYPE_ID) {
                furthest = Math.max(furthest, counters.getCounterValue(id));
            }
        }
        return furthest;
    }

    /** Whether another driver has taken over, or the bus was removed. */
    private static boolean isSuperseded(Path own, Path lifeFile, long number) throws IOException {
        if (Files.notExists(own)) {
            return true;
        }
        Life life = Life.read(lifeFile);
        return life != null
                && (life.number() > number
                        || (life.number() == number && !life.aeronDirectory().equals(own)));
    }

    private static int clients(CountersReader counters) {
        int[] count = {0};
        counters.forEach((counterId, typeId, key, label) -> {
            if (typeId == HeartbeatTimestamp.HEARTBEAT_TYPE_ID) {
                count[0]++;
            }
        });
        return count[0];
    }
}
