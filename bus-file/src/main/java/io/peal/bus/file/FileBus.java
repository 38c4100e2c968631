package io.peal.bus.file;

import io.peal.bus.Batch;
import io.peal.bus.Bus;
import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.PayloadKind;
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
import io.peal.bus.spi.Dispatcher;
import io.peal.bus.spi.Usability;
import io.peal.bus.spi.WakeUps;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bus over memory-mapped files in a directory: every process on the host that opens the same directory is a replica
 * of the same bus. It needs no daemon and no JVM flag. Thread-safe.
 *
 * <p>Nothing a process does or fails to do can stall or corrupt another: {@link OrderLog} says why. What is older
 * than the retained length or age is trimmed. The log lives as long as the directory; on a tmpfs such as {@code /dev/shm}
 * that is until it is removed or the machine stops, on a disk {@link Durability} says what survives that.
 */
public final class FileBus implements Bus {

    private static final Logger LOGGER = LoggerFactory.getLogger(FileBus.class);

    private final ErrorHandler errorHandler;
    private final LogHome home;
    private final Control control;
    private final Membership membership;
    private final OrderLog log;
    private final @Nullable Disk disk; // null if nothing is forced
    private final boolean sync;
    private final WakeUps wakeUps;
    private final Doorbell doorbell;
    private final Bells bells;
    private final Dispatcher dispatcher;
    private final Publisher publisher = new LogPublisher();
    private final Set<LogReader> readers = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
    private final AtomicBoolean closing = new AtomicBoolean();
    private final Usability usability;

    private FileBus(Builder options, LogHome home) {
        this.errorHandler = options.errorHandler;
        this.usability = new Usability(errorHandler);
        this.home = home;
        this.control = home.control();
        this.membership = home.membership();
        this.log = home.log();
        BusDirectory directory = home.directory();
        long newest = log.newest();
        this.disk = options.durability instanceof Durability.None ? null : new Disk(directory, control, log);
        int self = membership.slot();
        String threads = home.threads();
        this.sync = options.durability instanceof Durability.Sync;
        boolean spinning = options.waiting == Waiting.SPINNING;
        this.wakeUps = new WakeUps(log::newest, spinning ? () -> {} : () -> control.announceSleep(self), errorHandler);
        this.bells = new Bells(directory, control, self, wakeUps);
        this.doorbell = new Doorbell(
                directory.door(self),
                log::newest,
                () -> Doorbell.UNTIL_RUNG,
                wakeUps,
                spinning,
                threads + "-doorbell",
                errorHandler);
        this.dispatcher = new Dispatcher(this, threads + "-dispatch", errorHandler);
        doorbell.start(); // nothing below can fail
        home.keep(usability::lose);
        home.maintenance().repeat(() -> control.tellReadTo(self, slowestReader()), LogHome.TICK_MS);
        if (disk != null) {
            long pauseMs = options.durability instanceof Durability.Periodic periodic
                    ? periodic.pause().toMillis()
                    : LogHome.TICK_MS;
            home.maintenance().repeat(disk::checkpoint, pauseMs);
        }
        LOGGER.info(
                "replica {} ({}) joined the bus in {}: epoch {}, at position {}, {} slots an index segment, {} bytes a data"
                        + " segment, {} bytes and {} ms retained (0 ms: any age)",
                membership.writerId(),
                options.replicaName,
                directory.path(),
                String.format("%016x", log.epoch()),
                newest,
                log.geometry().indexSlots(),
                log.geometry().dataSegmentLength(),
                control.retention().length(),
                control.retention().ageMs());
    }

    private static FileBus open(Builder options, Geometry geometry) {
        BusDirectory directory = BusDirectory.prepare(options.directory, options.openToGroup);
        Control control = Control.openOrCreate(directory, geometry);
        options.applyRetention(directory, control);
        LogHome home = new LogHome(directory, control, options.replicaName, options.errorHandler);
        try {
            return new FileBus(options, home);
        } catch (RuntimeException | Error e) {
            home.abandon(e);
            throw e;
        }
    }

    /** Opens the bus in a directory with all options at their defaults, as {@code at(directory).open()} does. */
    public static FileBus open(Path directory) {
        return at(directory).open();
    }

    /** The bus in a directory, before it is opened. The directory is made if it is not there. */
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
        return wakeUps.add(onAvailable);
    }

    @Override
    public Position position() {
        checkOpen();
        return new Position(log.epoch(), log.newest());
    }

    @Override
    public int replica() {
        return membership.writerId();
    }

    @Override
    public int maxPayloadLength() {
        return log.maxPayloadLength();
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
            doorbell.close();
            bells.close();
            home.stop();
            forceTheLast();
            home.close();
        }
    }

    void checkOpen() {
        usability.check();
    }

    /** The position at which the log begins: the oldest message that is kept, or the first to come. */
    public long oldest() {
        return log.oldest();
    }

    private void forceTheLast() {
        Disk used = disk;
        if (used != null) {
            try {
                used.checkpoint();
            } catch (BusException e) {
                errorHandler.onError(e);
            }
        }
    }

    /** For people who look at the bus; nobody waits for it. */
    private long slowestReader() {
        long slowest = Long.MAX_VALUE;
        synchronized (readers) {
            for (LogReader reader : readers) {
                if (reader.isOpen()) {
                    slowest = Math.min(slowest, reader.position());
                }
            }
        }
        return slowest == Long.MAX_VALUE ? 0 : slowest;
    }

    private void awaitDisk(long position) {
        if (sync && disk != null) {
            disk.awaitUpTo(position);
        }
    }

    private void wakeSleepers(long position) {
        if (control.isAnyoneAsleep()) { // a volatile load behind a volatile compare-and-set: see WakeUps
            bells.ring(position);
        }
    }

    private Reader reader(StartFrom startFrom, @Nullable TopicSet topics) {
        checkOpen();
        LogReader reader = new LogReader(log, startOf(startFrom, topics), topics, this::checkOpen, errorHandler);
        readers.add(reader);
        return reader;
    }

    private long startOf(StartFrom startFrom, @Nullable TopicSet topics) {
        if (startFrom instanceof StartFrom.After after) {
            long beforeOldest = log.oldest() - 1;
            Position position = after.position();
            boolean complete = position.epoch() == log.epoch()
                    && position.value() < beforeOldest
                    && topics != null
                    && !log.mayHaveTrimmed(topics, position.value());
            if (complete) {
                return beforeOldest;
            }
            PositionUnavailableException.checkAvailable(position, log.epoch(), beforeOldest + 1, log.newest());
            return position.value();
        }
        return startFrom instanceof StartFrom.Earliest ? log.oldest() - 1 : log.newest();
    }

    /** What {@link #publisher()} gives. */
    private final class LogPublisher implements Publisher {

        @Override
        public long publish(Topic topic, ByteBuffer payload, PayloadKind kind) {
            checkOpen();
            long position = log.publish(topic, payload, kind);
            wakeSleepers(position);
            awaitDisk(position);
            return position;
        }

        @Override
        public long publish(Batch batch) {
            checkOpen();
            if (batch.isEmpty()) {
                throw new IllegalArgumentException("the batch is empty: there is nothing to publish");
            }
            long position;
            try {
                position = log.publish(batch);
            } finally {
                wakeSleepers(log.newest()); // also for a beginning of it
            }
            awaitDisk(position);
            return position;
        }
    }

    /** Options of a {@link FileBus}; each has a default. Not thread-safe. */
    public static final class Builder {

        private static final int DEFAULT_INDEX_SEGMENT_SLOTS = 1 << 18;
        private static final int DEFAULT_DATA_SEGMENT_LENGTH = 4 << 20;
        private static final int MIN_SEGMENTS = 4;
        private static final int SPARE_SEGMENTS = 4; // of this replica and of the next one

        private final Path directory;
        private ErrorHandler errorHandler = ErrorHandler.logging();
        private String replicaName = "pid-" + ProcessHandle.current().pid();
        private int indexSegmentSlots = DEFAULT_INDEX_SEGMENT_SLOTS;
        private int dataSegmentLength = DEFAULT_DATA_SEGMENT_LENGTH;
        private @Nullable Long maxLength;
        private @Nullable Duration maxAge;
        private Waiting waiting = Waiting.SLEEPING;
        private Durability durability = Durability.none();
        private boolean openToGroup;

        private Builder(Path directory) {
            this.directory = directory;
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

        /**
         * The length of a data segment in bytes: a power of two from 64 KiB to 1 GiB, 4 MiB by default. A payload may
         * take about a quarter of it. Whoever makes the bus decides; later replicas take what they find.
         */
        public Builder dataSegmentLength(int bytes) {
            this.dataSegmentLength = bytes;
            return this;
        }

        /**
         * How many positions an index segment has: a power of two from 64 to 16,777,216, 262,144 by default. Whoever
         * makes the bus decides; later replicas take what they find.
         */
        public Builder indexSegmentSlots(int slots) {
            this.indexSegmentSlots = slots;
            return this;
        }

        /**
         * How many bytes of messages are kept, besides the segments that are being filled (one or two for each replica);
         * at least four data segments, 256 MiB by default. It may be changed: whoever opens the bus with this option
         * decides for all.
         */
        public Builder maxLength(long bytes) {
            this.maxLength = bytes;
            return this;
        }

        /**
         * How old messages may become, within some seconds; any age by default. Whoever opens the bus with this option
         * decides for all.
         */
        public Builder maxAge(Duration age) {
            this.maxAge = age;
            return this;
        }

        /** How this replica waits for messages; {@link Waiting#SLEEPING} by default. */
        public Builder waiting(Waiting waiting) {
            this.waiting = waiting;
            return this;
        }

        /**
         * Whether all users of the directory's group may take part, or its owner alone, which is the default. All of them
         * may then read and write everything; make the directory with the right group before the first replica comes, for
         * example with its set-group-id bit.
         */
        public Builder openToGroup(boolean open) {
            this.openToGroup = open;
            return this;
        }

        /** What of this replica's messages survives a power cut; {@link Durability#none()} by default. */
        public Builder durability(Durability durability) {
            this.durability = durability;
            return this;
        }

        /**
         * Joins the bus, or makes it if there is none.
         *
         * @throws IllegalArgumentException if an option is out of its range
         * @throws io.peal.bus.BusException if the directory cannot be used, belongs to another user, or holds something
         *     else or another format
         */
        public FileBus open() {
            int nameLength = replicaName.getBytes(StandardCharsets.UTF_8).length;
            if (nameLength > ControlLayout.NAME_CAPACITY) {
                throw new IllegalArgumentException(
                        "replica name is " + nameLength + " bytes long, the limit is " + ControlLayout.NAME_CAPACITY);
            }
            Geometry geometry = geometry();
            checkRetention(geometry);
            return FileBus.open(this, geometry);
        }

        /** Checks and stores what is to be retained, and that the file system can hold it. */
        private void applyRetention(BusDirectory directory, Control control) {
            Long length = maxLength;
            Duration age = maxAge;
            if (control.retention().length() == 0) {
                long retained = length != null ? length : Retention.DEFAULT_LENGTH;
                directory.checkRoom(
                        retained + SPARE_SEGMENTS * (long) control.geometry().dataSegmentLength());
                control.retainUnlessDecided(retained);
            }
            if (length != null) {
                control.retainLength(length);
            }
            if (age != null) {
                control.retainAge(age.toMillis());
            }
        }

        private void checkRetention(Geometry geometry) {
            Long length = maxLength;
            if (length != null && length < MIN_SEGMENTS * (long) geometry.dataSegmentLength()) {
                throw new IllegalArgumentException("maxLength is " + length + ", at least " + MIN_SEGMENTS
                        + " data segments of " + geometry.dataSegmentLength() + " bytes are needed");
            }
            Duration age = maxAge;
            if (age != null && age.toMillis() < 1_000) {
                throw new IllegalArgumentException("maxAge is " + age + ", at least a second is needed");
            }
        }

        private Geometry geometry() {
            int slotsLog2 = powerOfTwo(
                    "indexSegmentSlots",
                    indexSegmentSlots,
                    1 << Geometry.MIN_INDEX_SLOTS_LOG2,
                    1 << Geometry.MAX_INDEX_SLOTS_LOG2);
            powerOfTwo(
                    "dataSegmentLength",
                    dataSegmentLength,
                    Geometry.MIN_DATA_SEGMENT_LENGTH,
                    Geometry.MAX_DATA_SEGMENT_LENGTH);
            return new Geometry(slotsLog2, dataSegmentLength);
        }

        private static int powerOfTwo(String option, int value, int min, int max) {
            if (value < min || value > max || Integer.bitCount(value) != 1) {
                throw new IllegalArgumentException(
                        option + " is " + value + ", it must be a power of two from " + min + " to " + max);
            }
            return Integer.numberOfTrailingZeros(value);
        }
    }
}
