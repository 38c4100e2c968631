package io.peal.bus.file;

import io.peal.bus.Bus;
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
import io.peal.bus.spi.Dispatcher;
import io.peal.bus.spi.WakeUps;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bus over memory-mapped files in a directory: every process on the host that opens the same directory is a replica
 * of the same bus. It needs no daemon and no JVM flag. Thread-safe.
 *
 * <p>Nothing a process does or fails to do can stall or corrupt another: {@link OrderLog} says why. The log lives as long
 * as the directory; on a tmpfs such as {@code /dev/shm} that is until it is removed or the machine stops.
 */
public final class FileBus implements Bus {

    private static final Logger LOGGER = LoggerFactory.getLogger(FileBus.class);

    private final ErrorHandler errorHandler;
    private final Membership membership;
    private final Maintenance maintenance;
    private final OrderLog log;
    private final TailWatch tailWatch;
    private final Dispatcher dispatcher;
    private final Publisher publisher = this::publish;
    private final AtomicBoolean closing = new AtomicBoolean();
    private volatile boolean closed;

    private FileBus(Builder options, Geometry geometry) {
        BusDirectory directory = BusDirectory.prepare(options.directory);
        Control control = Control.openOrCreate(directory, geometry);
        this.errorHandler = options.errorHandler;
        this.membership = Membership.join(directory, control, options.replicaName);
        String threads = "peal-" + membership.writerId();
        this.maintenance = new Maintenance(threads + "-maintenance", errorHandler);
        try {
            this.log = new OrderLog(directory, control, membership.writerId(), maintenance);
        } catch (RuntimeException e) {
            maintenance.close();
            membership.close();
            throw e;
        }
        this.tailWatch = new TailWatch(log, new WakeUps(errorHandler), threads + "-watch");
        this.dispatcher = new Dispatcher(this, threads + "-dispatch", errorHandler);
        LOGGER.info(
                "replica {} ({}) joined the bus in {}: epoch {}, at position {}, {} slots an index segment, {} bytes a data"
                        + " segment",
                membership.writerId(),
                options.replicaName,
                directory.path(),
                String.format("%016x", log.epoch()),
                log.newest(),
                log.geometry().indexSlots(),
                log.geometry().dataSegmentLength());
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
    public Subscription onAvailable(Runnable wakeUp) {
        checkOpen();
        return tailWatch.add(wakeUp);
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
    public void close() {
        if (closing.compareAndSet(false, true)) {
            dispatcher.close();
            tailWatch.close();
            closed = true;
            maintenance.close();
            membership.close();
        }
    }

    void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the bus is closed");
        }
    }

    ErrorHandler errorHandler() {
        return errorHandler;
    }

    private long publish(Topic topic, ByteBuffer payload, PayloadKind kind) {
        checkOpen();
        return log.publish(topic, payload, kind);
    }

    private Reader reader(StartFrom startFrom, @Nullable TopicSet topics) {
        checkOpen();
        return new LogReader(this, log, startOf(startFrom), topics);
    }

    private long startOf(StartFrom startFrom) {
        if (startFrom instanceof StartFrom.After after) {
            Position position = after.position();
            PositionUnavailableException.checkAvailable(position, log.epoch(), log.oldest(), log.newest());
            return position.value();
        }
        return startFrom instanceof StartFrom.Earliest ? log.oldest() - 1 : log.newest();
    }

    /** Options of a {@link FileBus}; each has a default. Not thread-safe. */
    public static final class Builder {

        private static final int DEFAULT_INDEX_SEGMENT_SLOTS = 1 << 18;
        private static final int DEFAULT_DATA_SEGMENT_LENGTH = 4 << 20;

        private final Path directory;
        private ErrorHandler errorHandler = ErrorHandler.logging();
        private String replicaName = "pid-" + ProcessHandle.current().pid();
        private int indexSegmentSlots = DEFAULT_INDEX_SEGMENT_SLOTS;
        private int dataSegmentLength = DEFAULT_DATA_SEGMENT_LENGTH;

        private Builder(Path directory) {
            this.directory = directory;
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
            return new FileBus(this, geometry());
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
