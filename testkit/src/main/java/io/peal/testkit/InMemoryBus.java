package io.peal.testkit;

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
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A bus whose replicas live in one JVM and whose log is on the heap: for tests of what stands on a bus. It keeps the
 * contract of every bus except what a dying process could break.
 */
public final class InMemoryBus implements Bus {

    private static final int MAX_PAYLOAD_LENGTH = 1 << 20;
    private static final int RETAINED_MESSAGES = 1 << 16;

    private final InMemoryLog log;
    private final int replica;
    private final WakeUps wakeUps;
    private final Dispatcher dispatcher;
    private final Publisher publisher = this::publish;
    private final Usability usability = new Usability(ErrorHandler.logging());

    private InMemoryBus(InMemoryLog log) {
        ErrorHandler errorHandler = ErrorHandler.logging();
        this.log = log;
        this.replica = log.replicas.incrementAndGet();
        this.wakeUps = new WakeUps(log::newest, () -> {}, errorHandler); // its publishers always look
        this.dispatcher = new Dispatcher(this, "in-memory-bus-" + replica, errorHandler);
        log.wakeUps.add(wakeUps);
    }

    /** The first replica of a new log that keeps the newest 65,536 messages. */
    public static InMemoryBus create() {
        return retaining(RETAINED_MESSAGES);
    }

    /** The first replica of a new log that keeps the newest {@code messages}, so that slow readers see gaps. */
    public static InMemoryBus retaining(int messages) {
        if (messages < 1) {
            throw new IllegalArgumentException("a log keeps at least 1 message, not " + messages);
        }
        return new InMemoryBus(new InMemoryLog(messages));
    }

    /** Another replica of the same log. */
    public InMemoryBus newReplica() {
        return new InMemoryBus(log);
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
        return new Position(log.epoch, log.newest());
    }

    @Override
    public int replica() {
        return replica;
    }

    @Override
    public int maxPayloadLength() {
        return MAX_PAYLOAD_LENGTH;
    }

    @Override
    public Optional<String> whyUnusable() {
        return usability.why();
    }

    @Override
    public Subscription whenUnusable(Consumer<String> action) {
        return usability.listen(action);
    }

    /** Cuts this replica off, as a bus does whose memory somebody has removed. */
    public void fail(String reason) {
        usability.lose(new BusException(reason));
    }

    @Override
    public void close() {
        dispatcher.close();
        usability.close();
        log.wakeUps.remove(wakeUps);
    }

    void checkOpen() {
        usability.check();
    }

    private long publish(Topic topic, ByteBuffer payload, PayloadKind kind) {
        checkOpen();
        if (payload.remaining() > MAX_PAYLOAD_LENGTH) {
            throw new IllegalArgumentException(
                    "payload is " + payload.remaining() + " bytes, the limit is " + MAX_PAYLOAD_LENGTH);
        }
        byte[] copy = new byte[payload.remaining()];
        payload.get(payload.position(), copy);
        return log.append(replica, topic, kind, copy);
    }

    private Reader reader(StartFrom startFrom, @Nullable TopicSet topics) {
        checkOpen();
        return new InMemoryReader(this, log, startOf(startFrom), topics);
    }

    private InMemoryLog.Entry startOf(StartFrom startFrom) {
        if (startFrom instanceof StartFrom.After after) {
            Position position = after.position();
            long newest = log.newest();
            InMemoryLog.Entry last = log.at(Math.min(position.value(), newest));
            long oldest = Math.min(log.beforeOldest().position(), last.position()) + 1;
            PositionUnavailableException.checkAvailable(position, log.epoch, oldest, newest);
            return last;
        }
        return startFrom instanceof StartFrom.Earliest ? log.beforeOldest() : log.tail();
    }
}
