package io.peal.testkit;

import io.peal.bus.Bus;
import io.peal.bus.BusException;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Position;
import io.peal.bus.Publisher;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Subscription;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.WakeUp;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A bus in memory whose readers fail when they are told to, as one does that gets no file descriptor. */
final class StubbornBus implements Bus {

    private static final long SLOW_NS = 1_000_000;

    private final InMemoryBus memory;
    int failedPolls;
    volatile boolean failsToArm;
    volatile @Nullable Error pollError;
    int failAfterMessages;
    boolean refusingReaders;
    boolean slowPolls;

    /** Readers that are not to read beyond a position stop before this one, as if its publisher were still writing. */
    long unfinished = Long.MAX_VALUE;

    int polls;

    StubbornBus(InMemoryBus memory) {
        this.memory = memory;
    }

    InMemoryBus memory() {
        return memory;
    }

    @Override
    public Publisher publisher() {
        return memory.publisher();
    }

    @Override
    public Subscription subscribe(Topic topic, StartFrom startFrom, Subscriber subscriber) {
        return memory.subscribe(topic, startFrom, subscriber);
    }

    @Override
    public Reader newReader(StartFrom startFrom) {
        return wrapped(memory.newReader(startFrom));
    }

    @Override
    public Reader newReader(StartFrom startFrom, TopicSet topics) {
        return wrapped(memory.newReader(startFrom, topics));
    }

    @Override
    public WakeUp newWakeUp(Runnable onAvailable) {
        WakeUp wakeUp = memory.newWakeUp(onAvailable);
        return new WakeUp() {
            @Override
            public boolean arm(long position) {
                if (failsToArm) {
                    failsToArm = false;
                    throw trouble();
                }
                return wakeUp.arm(position);
            }

            @Override
            public void close() {
                wakeUp.close();
            }
        };
    }

    @Override
    public Position position() {
        return memory.position();
    }

    @Override
    public int replica() {
        return memory.replica();
    }

    @Override
    public int maxPayloadLength() {
        return memory.maxPayloadLength();
    }

    @Override
    public Optional<String> whyUnusable() {
        return memory.whyUnusable();
    }

    @Override
    public Subscription whenUnusable(Consumer<String> action) {
        return memory.whenUnusable(action);
    }

    @Override
    public void close() {
        memory.close();
    }

    private Reader wrapped(Reader reader) {
        if (refusingReaders) {
            reader.close();
            throw trouble();
        }
        return new StubbornReader(reader);
    }

    private static BusException trouble() {
        return new BusException("trouble made by a test");
    }

    private final class StubbornReader implements Reader {

        private final Reader reader;

        StubbornReader(Reader reader) {
            this.reader = reader;
        }

        @Override
        public int poll(Subscriber subscriber, int limit, long last) {
            polls++;
            Error error = pollError;
            if (error != null) {
                pollError = null;
                throw error;
            }
            if (failedPolls > 0) {
                failedPolls--;
                throw trouble();
            }
            if (slowPolls) {
                LockSupport.parkNanos(SLOW_NS);
            }
            long readable = last == Long.MAX_VALUE ? last : Math.min(last, unfinished - 1);
            return reader.poll(new Failing(subscriber), limit, readable);
        }

        @Override
        public long position() {
            return reader.position();
        }

        @Override
        public void close() {
            reader.close();
        }
    }

    private final class Failing implements Subscriber {

        private final Subscriber subscriber;

        Failing(Subscriber subscriber) {
            this.subscriber = subscriber;
        }

        @Override
        public void onMessage(Message message) {
            subscriber.onMessage(message);
            if (failAfterMessages > 0 && --failAfterMessages == 0) {
                throw trouble();
            }
        }

        @Override
        public void onGap(Gap gap) {
            subscriber.onGap(gap);
        }
    }
}
