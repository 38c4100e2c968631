package io.peal.bus.aeron;

import io.peal.bus.Bus;
import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.PositionUnavailableException.Reason;
import io.peal.bus.Publisher;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Subscription;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.WakeUp;
import io.peal.bus.file.HostReplicas;
import io.peal.bus.file.ReplayWindow;
import io.peal.bus.file.Waiting;
import io.peal.bus.spi.Dispatcher;
import io.peal.bus.spi.WallClock;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bus over Aeron's shared memory: every process on the host that opens the same directory is a replica of the same bus.
 * All publish into one stream of the media driver, which gives the order. Thread-safe.
 *
 * <p>Each replica keeps the newest messages in a window of its own, and readers read there: so a reader that is slow, or a
 * replica that is stopped, holds up nobody, and is told a gap when it was away for too long. A position can be continued on
 * any replica whose window has it. When the driver dies, publishers wait until there is another one; nothing is lost.
 *
 * <p>It needs the JVM flag {@code --add-exports=java.base/jdk.internal.misc=ALL-UNNAMED}.
 */
public final class AeronBus implements Bus {

    private static final Logger LOGGER = LoggerFactory.getLogger(AeronBus.class);
    private static final long TICK_MS = 1_000;

    private final WallClock clock = new WallClock();
    private final ErrorHandler errorHandler;
    private final Path directory;
    private final long windowLength;
    private final int maxPayloadLength;
    private final HostReplicas replicas;
    private final Drivers drivers;
    private final Feeder feeder;
    private final LinkKeeper keeper;
    private final AeronPublisher publisher;
    private final Dispatcher dispatcher;
    private final AtomicLong windows = new AtomicLong();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final long epoch;
    private long turnsBefore; // touched by the doorbell's thread alone, as is the next
    private long turnsSeen;
    private volatile boolean closed;

    private AeronBus(Builder options) {
        JvmFlag.check();
        this.errorHandler = options.errorHandler;
        this.directory = options.directory.toAbsolutePath().normalize();
        this.windowLength = options.windowLength;
        StreamOptions stream = new StreamOptions(options.streamId, options.termLength);
        this.maxPayloadLength = Envelope.maxPayloadLength(stream.maxMessageLength());
        this.replicas = HostReplicas.join(
                directory,
                options.replicaName,
                false,
                options.waiting,
                this::lookWhenWoken,
                this::look,
                this::mayDoze,
                options.errorHandler);
        String threads = "peal-" + replicas.number();
        AeronDriver driver = options.driver != null ? options.driver : Drivers.choose(directory);
        this.drivers = new Drivers(directory, driver, stream, options.driverTimeout);
        this.feeder = new Feeder(replicas.number(), this::newWindow, this::onEnd, options.errorHandler);
        this.keeper = new LinkKeeper(drivers, stream, feeder, replicas, threads + "-driver", options.errorHandler);
        this.publisher =
                new AeronPublisher(this, keeper, feeder, replicas, clock, maxPayloadLength, options.publishTimeout);
        this.dispatcher = new Dispatcher(this, threads + "-dispatch", options.errorHandler);
        try {
            removeWindowsOfTheDead();
            keeper.start();
        } catch (RuntimeException e) {
            keeper.close();
            feeder.close();
            drivers.close();
            replicas.close();
            throw e;
        }
        this.epoch = feeder.epoch();
        replicas.start();
        replicas.repeat(clock::adjust, TICK_MS);
        LOGGER.info(
                "replica {} ({}) joined the bus in {} over Aeron: epoch {}, at position {}, {} driver, {} bytes a term, a"
                        + " window of {} bytes",
                replicas.number(),
                options.replicaName,
                directory,
                String.format("%016x", epoch),
                feeder.newest(),
                driver,
                options.termLength,
                windowLength);
    }

    /**
     * The bus in a directory, before it is opened: the directory is for what the replicas need besides the driver, and is made
     * if it is not there. On Linux, below {@code /dev/shm}.
     */
    public static Builder at(Path directory) {
        return new Builder(directory);
    }

    @Override
    public Publisher publisher() {
        return publisher;
    }

    @Override
    public Subscription subscribe(Topic topic, StartFrom startFrom, Subscriber subscriber) {
        return dispatcher.subscribe(topic, startFrom, subscriber);
    }

    @Override
    public Reader newReader(StartFrom startFrom) {
        return reader(startFrom, null);
    }

    @Override
    public Reader newReader(StartFrom startFrom, TopicSet topics) {
        return reader(startFrom, topics);
    }

    @Override
    public WakeUp newWakeUp(Runnable onAvailable) {
        checkOpen();
        return replicas.newWakeUp(onAvailable);
    }

    @Override
    public Position position() {
        checkOpen();
        return new Position(epoch, look());
    }

    @Override
    public int replica() {
        return replicas.number();
    }

    @Override
    public int maxPayloadLength() {
        return maxPayloadLength;
    }

    /** What happened to this replica until now. */
    public AeronBusStatus status() {
        return new AeronBusStatus(
                feeder.lifeNumber(),
                keeper.interruptions(),
                keeper.longestInterruption(),
                keeper.resent(),
                feeder.duplicates(),
                feeder.gaps());
    }

    @Override
    public void close() {
        if (closing.compareAndSet(false, true)) {
            dispatcher.close();
            closed = true;
            replicas.stop();
            keeper.close();
            feeder.close();
            drivers.close();
            replicas.close();
        }
    }

    void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the bus is closed");
        }
    }

    private Reader reader(StartFrom startFrom, @Nullable TopicSet topics) {
        checkOpen();
        long newest = look();
        ReplayWindow window = feeder.window();
        long position;
        if (startFrom instanceof StartFrom.After after) {
            position = after.position().value();
            check(after.position(), window, newest, topics);
        } else {
            position = startFrom instanceof StartFrom.Earliest ? window.beforeOldest() : newest;
        }
        return new AeronReader(feeder, window, position, topics, this::checkOpen);
    }

    private void check(Position position, ReplayWindow window, long newest, @Nullable TopicSet topics) {
        boolean complete = position.epoch() == epoch
                && position.value() <= newest
                && window.isCompleteBehind(position.value(), topics);
        if (!complete) {
            PositionUnavailableException.checkAvailable(position, epoch, window.beforeOldest() + 1, newest);
            throw new PositionUnavailableException(
                    Reason.TRIMMED, "position " + position + " was trimmed just now: load the state anew");
        }
    }

    /** Brings what was published, and says where the newest message stands. */
    private long look() {
        return feeder.feedAll();
    }

    /**
     * Readers that have work to do bring what they read: then the thread that was woken leaves it to them. Otherwise they
     * would wait for it, if the system takes its processor away in the middle.
     */
    private long lookWhenWoken() {
        long turns = feeder.turns();
        if (turns != turnsSeen && !replicas.isAnyReaderAsleep()) {
            turnsSeen = turns;
            return feeder.newest();
        }
        long newest = feeder.feedUnlessOthersDo();
        turnsSeen = feeder.turns();
        return newest;
    }

    /** While messages come, it looks every millisecond, because nobody else may read; then it wants to be rung. */
    private boolean mayDoze() {
        long turns = feeder.turns();
        if (turns != turnsBefore) {
            turnsBefore = turns;
            return false;
        }
        replicas.announceSleep();
        feeder.feedAll();
        return feeder.turns() == turns;
    }

    private void onEnd() {
        keeper.wake();
    }

    private ReplayWindow newWindow(long begin) {
        Path all = directory.resolve("windows");
        if (Files.notExists(all)) { // not to be made again in a directory that somebody has removed
            throw new BusException(
                    directory
                            + " was removed while the bus was open: this replica is cut off from the others, open the bus anew");
        }
        Path path = all.resolve(replicas.number() + "-" + windows.incrementAndGet());
        return ReplayWindow.create(path, windowLength, maxPayloadLength, begin, errorHandler);
    }

    private void removeWindowsOfTheDead() {
        Path all = directory.resolve("windows");
        try {
            Files.createDirectories(all);
            try (DirectoryStream<Path> content = Files.newDirectoryStream(all)) {
                for (Path window : content) {
                    String name = window.getFileName().toString();
                    int dash = name.indexOf('-');
                    if (dash > 0 && !replicas.isAlive(Integer.parseInt(name.substring(0, dash)))) {
                        ReplayWindow.remove(window);
                    }
                }
            }
        } catch (IOException | NumberFormatException | BusException e) {
            errorHandler.onError(new BusException("cannot tidy up " + all, e));
        }
    }

    /** Options of an {@link AeronBus}; each has a default. Not thread-safe. */
    public static final class Builder {

        private static final int DEFAULT_STREAM_ID = 0x7ea1;
        private static final int DEFAULT_TERM_LENGTH = 32 << 20;
        private static final long DEFAULT_WINDOW_LENGTH = 64L << 20;

        private final Path directory;
        private @Nullable AeronDriver driver; // null: what is there
        private ErrorHandler errorHandler = ErrorHandler.logging();
        private String replicaName = "pid-" + ProcessHandle.current().pid();
        private int streamId = DEFAULT_STREAM_ID;
        private int termLength = DEFAULT_TERM_LENGTH;
        private long windowLength = DEFAULT_WINDOW_LENGTH;
        private Duration driverTimeout = Duration.ofSeconds(2);
        private Duration publishTimeout = Duration.ofSeconds(10);
        private Waiting waiting = Waiting.SLEEPING;

        private Builder(Path directory) {
            this.directory = directory;
        }

        /** Which media driver; by default an external one if one runs in Aeron's default directory, else a spawned one. */
        public Builder driver(AeronDriver driver) {
            this.driver = driver;
            return this;
        }

        /** Where errors on the bus's own threads go; they are logged by default. */
        public Builder errorHandler(ErrorHandler handler) {
            this.errorHandler = handler;
            return this;
        }

        /** What people call this replica: at most 64 bytes of UTF-8, "pid-" and the process id by default. */
        public Builder replicaName(String name) {
            this.replicaName = name;
            return this;
        }

        /** The stream of the first driver; with each later driver, the next number is used. 32,417 by default. */
        public Builder streamId(int streamId) {
            this.streamId = streamId;
            return this;
        }

        /**
         * The length of a term of the stream in bytes: a power of two from 64 KiB to 1 GiB, 32 MiB by default. The stream
         * takes three of them, a payload may take a 64th of one, and a replica that comes finds a quarter of one as
         * history. All replicas say the same.
         */
        public Builder termLength(int bytes) {
            this.termLength = bytes;
            return this;
        }

        /** How many bytes of messages this replica keeps for its readers, 64 MiB by default. */
        public Builder windowLength(long bytes) {
            this.windowLength = bytes;
            return this;
        }

        /** How old a driver's sign of life may be before it is taken for dead: at least half a second, 2 seconds by default. */
        public Builder driverTimeout(Duration timeout) {
            this.driverTimeout = timeout;
            return this;
        }

        /** How long a publisher waits for a driver, or for room in the stream, before it gives up; 10 seconds by default. */
        public Builder publishTimeout(Duration timeout) {
            this.publishTimeout = timeout;
            return this;
        }

        /** How this replica waits for messages; {@link Waiting#SLEEPING} by default. */
        public Builder waiting(Waiting waiting) {
            this.waiting = waiting;
            return this;
        }

        /**
         * Joins the bus, or makes it if there is none.
         *
         * @throws IllegalArgumentException if an option is out of its range
         * @throws BusException if there is no driver, the directory cannot be used, or the JVM flag is missing
         */
        public AeronBus open() {
            if (termLength < StreamOptions.MIN_TERM_LENGTH
                    || termLength > StreamOptions.MAX_TERM_LENGTH
                    || Integer.bitCount(termLength) != 1) {
                throw new IllegalArgumentException("termLength is " + termLength + ", it must be a power of two from "
                        + StreamOptions.MIN_TERM_LENGTH + " to " + StreamOptions.MAX_TERM_LENGTH);
            }
            if (driverTimeout.toMillis() < 500) {
                throw new IllegalArgumentException("driverTimeout is " + driverTimeout + ", at least 0.5 s is needed");
            }
            return new AeronBus(this);
        }
    }
}
