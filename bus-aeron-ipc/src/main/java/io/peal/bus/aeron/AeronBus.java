package io.peal.bus.aeron;

import io.peal.bus.Bus;
import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.Publisher;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Subscription;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.WakeUp;
import io.peal.bus.file.HostReplicas;
import io.peal.bus.file.Waiting;
import io.peal.bus.spi.Dispatcher;
import io.peal.bus.spi.Usability;
import io.peal.bus.spi.WallClock;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.agrona.CloseHelper;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bus over Aeron's shared memory: every process on the host that opens the same directory is a replica of the same bus.
 * All publish into one stream of the media driver, which gives the order. Thread-safe.
 *
 * <p>Readers read the stream's memory, which all replicas share: no message is copied from replica to replica. A reader that is
 * slow, or a replica that is stopped, holds up nobody for long, and is told a gap when it was away for too long. A position
 * can be continued on any replica. When the driver dies, publishers wait until there is another one; nothing is lost.
 *
 * <p>It needs the JVM flag {@code --add-exports=java.base/jdk.internal.misc=ALL-UNNAMED}.
 */
public final class AeronBus implements Bus {

    private static final Logger LOGGER = LoggerFactory.getLogger(AeronBus.class);
    private static final long TICK_MS = 1_000;
    private static final long KEEP_UP_NS = 500_000;
    private static final int LONGEST_NAP_MS = 4;

    private final WallClock clock = new WallClock();
    private final ErrorHandler errorHandler;
    private final int maxPayloadLength;
    private final HostReplicas replicas;
    private final Drivers drivers;
    private final Streams streams;
    private final Pace pace;
    private final LinkKeeper keeper;
    private final AeronPublisher publisher;
    private final Dispatcher dispatcher;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final long epoch;
    private final Usability usability;

    private AeronBus(Builder options) {
        JvmFlag.check();
        this.errorHandler = options.errorHandler;
        this.usability = new Usability(errorHandler);
        Path directory = options.directory.toAbsolutePath().normalize();
        StreamOptions stream = new StreamOptions(options.streamId, options.termLength);
        this.maxPayloadLength = Envelope.maxPayloadLength(stream.maxMessageLength());
        this.replicas = HostReplicas.join(
                directory, options.replicaName, false, options.waiting, new ReplicaOwner(), options.errorHandler);
        String threads = "peal-" + replicas.number();
        AeronDriver driver = options.driver != null ? options.driver : choose(directory, replicas);
        this.drivers = new Drivers(directory, driver, stream, options.driverTimeout);
        this.streams = new Streams(replicas);
        this.pace = new Pace(streams, stream);
        this.keeper =
                new LinkKeeper(drivers, stream, streams, pace, replicas, threads + "-driver", options.errorHandler);
        this.publisher = new AeronPublisher(
                this, keeper, streams, pace, replicas, clock, maxPayloadLength, options.publishTimeout);
        this.dispatcher = new Dispatcher(this, threads + "-dispatch", options.errorHandler);
        usability.listen(why -> loseLink());
        try {
            keeper.start();
        } catch (Throwable e) { // Aeron throws checked exceptions without saying so
            CloseHelper.quietCloseAll(keeper, drivers, replicas);
            throw e;
        }
        this.epoch = streams.present().life().epoch();
        replicas.start();
        replicas.repeat(clock::adjust, TICK_MS);
        LOGGER.info(
                "replica {} ({}) joined the bus in {} over Aeron: epoch {}, at position {}, {} driver, {} bytes a term",
                replicas.number(),
                options.replicaName,
                directory,
                String.format("%016x", epoch),
                streams.newest(),
                driver,
                options.termLength);
    }

    /** The driver if nobody says which; if that cannot be found out, this replica leaves again. */
    private static AeronDriver choose(Path directory, HostReplicas joined) {
        try {
            return Drivers.choose(directory);
        } catch (RuntimeException e) {
            joined.close();
            throw e;
        }
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
        return new Position(epoch, streams.newest());
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
                streams.present().life().number(),
                keeper.interruptions(),
                keeper.longestInterruption(),
                publisher.repeated(),
                pace.gaps());
    }

    @Override
    public Optional<String> whyUnusable() {
        return usability.why();
    }

    @Override
    public Subscription whenUnusable(Consumer<String> action) {
        return usability.listen(action);
    }

    @Override
    public void close() {
        if (closing.compareAndSet(false, true)) {
            dispatcher.close();
            usability.close();
            replicas.stop();
            CloseHelper.closeAll(keeper, drivers, replicas);
        }
    }

    /** Unless it was only closed, which takes care of that in its order. */
    private void loseLink() {
        if (!closing.get()) {
            keeper.giveUp();
        }
    }

    void checkOpen() {
        usability.check();
    }

    private Reader reader(StartFrom startFrom, @Nullable TopicSet topics) {
        checkOpen();
        Stream stream;
        long place;
        if (startFrom instanceof StartFrom.After after) {
            long newest = streams.newest();
            stream = streams.behind(after.position().value());
            place = stream == null ? 0 : stream.place(after.position().value());
            if (stream == null || after.position().epoch() != epoch || !isThere(stream, place, newest)) {
                throw refusal(after.position(), newest);
            }
        } else if (startFrom instanceof StartFrom.Earliest) {
            stream = streams.oldest();
            place = oldest(stream);
        } else {
            long newest = streams.newest();
            Stream holding = streams.behind(newest);
            stream = holding == null ? streams.present() : holding;
            place = Math.max(0, stream.place(newest));
        }
        StreamReader reader = new StreamReader(streams, pace, stream, place, topics, this::checkOpen, errorHandler);
        pace.add(reader);
        return reader;
    }

    /** Whether reading can begin at a place: there is a message, or will be the next one. */
    private boolean isThere(Stream stream, long place, long newest) {
        long newestPlace = stream.end() == Stream.NO_END ? stream.place(newest) : stream.end();
        if (place > newestPlace) { // as was told while somebody had begun a message that the life has ended before
            return streams.isOver(stream.life())
                    && (streams.after(stream) != null
                            || place <= stream.memory().tail());
        }
        if (place == newestPlace) {
            return true;
        }
        int length = stream.memory().frameLength(place);
        return length > 0 || (length != StreamMemory.OF_ANOTHER_TIME && place >= oldest(stream));
    }

    /** Where the oldest message begins, or if there is none, the first that somebody has begun. */
    private long oldest(Stream stream) {
        StreamMemory memory = stream.memory();
        long tail = stream.end() == Stream.NO_END ? memory.tail() : stream.end();
        long from = Math.max(pace.cleanedTo(stream), tail - 2L * memory.termLength());
        long complete = stream.frontier();
        return memory.firstMessage(from, from <= complete ? complete : tail);
    }

    private PositionUnavailableException refusal(Position position, long newest) {
        Stream oldest = streams.oldest();
        PositionUnavailableException.checkAvailable(
                position, epoch, Math.max(position.value() + 2, oldest.position(oldest(oldest)) + 1), newest);
        throw new IllegalStateException("unreachable: " + position);
    }

    /** What the replicas of this host ask the bus. */
    private final class ReplicaOwner implements HostReplicas.Owner {

        private long lookedAt; // touched by the doorbell's thread alone, as is the next
        private long keptUpNs;
        private int napMs = 1;

        /** Readers look for themselves: the thread that was woken leaves it to them if none of them is asleep. */
        @Override
        public long lookWhenWoken() {
            long now = System.nanoTime();
            if (now - keptUpNs > KEEP_UP_NS) {
                keptUpNs = now;
                pace.keepUp();
            }
            return replicas.isAnyReaderAsleep() ? streams.look() : streams.frontier();
        }

        @Override
        public long look() {
            return streams.look();
        }

        /**
         * While messages come, it looks again soon, because nobody else may read: after a millisecond where they are many, and
         * later where publishers would not be held up by that. Then it wants to be rung.
         */
        @Override
        public int napMs() {
            long passed = streams.frontier() - lookedAt; // which readers move
            if (passed == 0) {
                passed = streams.look() - lookedAt;
            }
            if (passed == 0 && !streams.isSomethingBegun()) {
                replicas.announceSleep();
                passed = streams.look() - lookedAt;
                if (passed == 0 && !streams.isSomethingBegun()) {
                    return UNTIL_RUNG;
                }
            }
            lookedAt = streams.frontier();
            napMs = passed << Life.PLACE_SHIFT > pace.step() ? 1 : Math.min(LONGEST_NAP_MS, 2 * napMs);
            return napMs;
        }

        @Override
        public void lost(BusException reason) {
            usability.lose(reason);
        }
    }

    /** Options of an {@link AeronBus}; each has a default. Not thread-safe. */
    public static final class Builder {

        private static final int DEFAULT_STREAM_ID = 0x7ea1;
        private static final int DEFAULT_TERM_LENGTH = 64 << 20;

        private final Path directory;
        private @Nullable AeronDriver driver; // null: what is there
        private ErrorHandler errorHandler = ErrorHandler.logging();
        private String replicaName = "pid-" + ProcessHandle.current().pid();
        private int streamId = DEFAULT_STREAM_ID;
        private int termLength = DEFAULT_TERM_LENGTH;
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
            this.errorHandler = handler.guarded();
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
         * The length of a term of the stream in bytes: a power of two from 64 KiB to 1 GiB, 64 MiB by default. The stream
         * takes three of them for all replicas together, the history is a quarter of one, and a payload may take a 64th.
         * All replicas say the same.
         */
        public Builder termLength(int bytes) {
            this.termLength = bytes;
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
