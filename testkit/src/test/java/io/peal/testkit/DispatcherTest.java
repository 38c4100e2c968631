package io.peal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.Bus;
import io.peal.bus.ErrorHandler;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.spi.Dispatcher;
import io.peal.bus.spi.WakeUps;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class DispatcherTest {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Topic NEWS = Topic.of("news");

    /** The live reader begins behind it, because it was begun; who subscribed before waits for it, and must be woken. */
    @Test
    void messageThatIsStillWrittenWhenTheDispatcherFallsAsleepIsDelivered() throws InterruptedException {
        try (InMemoryBus memory = InMemoryBus.create()) {
            HalfWritten log = new HalfWritten(memory);
            Dispatcher dispatcher = new Dispatcher(log.bus(), "dispatcher-test", ErrorHandler.logging());
            try {
                Recording recording = new Recording();
                dispatcher.subscribe(NEWS, StartFrom.latest(), recording);
                memory.publisher().publish(NEWS, "begun");
                log.begun.countDown();
                assertThat(log.announced.await(LIMIT.toSeconds(), TimeUnit.SECONDS))
                        .isTrue();
                log.complete(1);
                assertThat(recording.await(1, LIMIT).texts()).containsExactly("begun");
            } finally {
                dispatcher.close();
            }
        }
    }

    @Test
    void errorOfAReaderIsToldAndNothingIsLost() {
        List<Throwable> errors = new CopyOnWriteArrayList<>();
        try (InMemoryBus memory = InMemoryBus.create()) {
            StubbornBus bus = new StubbornBus(memory);
            Dispatcher dispatcher = new Dispatcher(bus, "dispatcher-test", errors::add);
            try {
                bus.pollError = new AssertionError("as if there were no memory");
                Recording recording = new Recording();
                dispatcher.subscribe(NEWS, StartFrom.latest(), recording);
                memory.publisher().publish(NEWS, "first");
                assertThat(recording.await(1, LIMIT).texts()).containsExactly("first");
                assertThat(errors).hasSize(1).first().isInstanceOf(AssertionError.class);
                bus.failsToArm = true;
                memory.publisher().publish(NEWS, "second");
                assertThat(recording.await(2, LIMIT).texts()).containsExactly("first", "second");
                FanoutBed.await(() -> errors.size() == 2, "it could not fall asleep");
                memory.publisher().publish(NEWS, "third");
                assertThat(recording.await(3, LIMIT).texts()).containsExactly("first", "second", "third");
            } finally {
                dispatcher.close();
            }
        }
    }

    /** A bus whose messages can be begun and not complete: positions count them, and nobody can read them. */
    private static final class HalfWritten {

        private final InMemoryBus memory;
        private final WakeUps wakeUps = new WakeUps(this::complete, this::announce, ErrorHandler.logging());
        private final AtomicInteger readers = new AtomicInteger();
        final CountDownLatch begun = new CountDownLatch(1);
        final CountDownLatch announced = new CountDownLatch(1);
        private volatile long complete;

        HalfWritten(InMemoryBus memory) {
            this.memory = memory;
        }

        Bus bus() {
            return (Bus) Proxy.newProxyInstance(
                    Bus.class.getClassLoader(),
                    new Class<?>[] {Bus.class},
                    (proxy, method, args) -> switch (method.getName()) {
                        case "newReader" -> newReader((StartFrom) args[0], (TopicSet) args[1]);
                        case "newWakeUp" -> wakeUps.add((Runnable) args[0]);
                        default -> ask(method, args);
                    });
        }

        private Object ask(Method method, Object... args) throws Throwable {
            try {
                return method.invoke(memory, args);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }

        private long complete() {
            return complete;
        }

        private void announce() {
            announced.countDown();
        }

        void complete(long position) {
            complete = position;
            wakeUps.fire(position);
        }

        /** The first is the subscription's; the second is the live one, and comes late. */
        private Reader newReader(StartFrom startFrom, TopicSet topics) throws InterruptedException {
            if (readers.incrementAndGet() == 2) {
                begun.await();
            }
            Reader reader = memory.newReader(startFrom, topics);
            return new Reader() {
                @Override
                public int poll(Subscriber subscriber, int limit, long last) {
                    return complete <= reader.position() ? 0 : reader.poll(subscriber, limit, Math.min(last, complete));
                }

                @Override
                public long position() {
                    return reader.position();
                }

                @Override
                public void close() {
                    reader.close();
                }
            };
        }
    }
}
