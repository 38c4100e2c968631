package io.peal.bus.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.aeron.Aeron;
import io.aeron.Publication;
import io.aeron.driver.MediaDriver;
import io.aeron.logbuffer.BufferClaim;
import io.peal.bus.BusException;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.testkit.Recording;
import io.peal.testkit.TestDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class AeronBusTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int STREAM_ID = 32_417; // the default
    private static final int TERM_LENGTH = 4 << 20;
    private static final Topic NEWS = Topic.of("news");

    private final TestDirectory scratch = new TestDirectory();
    private final Path aeron = scratch.path().resolve("aeron");
    private final List<Throwable> errors = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void remove() {
        scratch.close();
    }

    @Test
    void busGoesOnWithTheDriverThatReplacesAnother() {
        MediaDriver driver = launch();
        try (AeronBus publishing = open();
                AeronBus reading = open()) {
            Recording recording = new Recording();
            reading.subscribe(NEWS, recording);
            publishing.publisher().publish(NEWS, "before");
            recording.await(1, LIMIT);
            driver.close();
            driver = launch();
            publishing.publisher().publish(NEWS, "between"); // to either
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (publishing.status().interruptions() == 0 || reading.status().interruptions() == 0) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                Thread.onSpinWait();
            }
            publishing.publisher().publish(NEWS, "after");
            assertThat(recording.await(3, LIMIT).texts()).containsExactly("before", "between", "after");
            assertThat(recording.positions()).isSorted();
            assertThat(publishing.status().life()).isEqualTo(2);
            assertThat(publishing.status().interruptions()).isEqualTo(1);
            assertThat(reading.position().epoch())
                    .isEqualTo(publishing.position().epoch());
            try (AeronBus late = open();
                    Reader all = late.newReader(StartFrom.earliest())) {
                assertThat(new Recording().poll(all, 3, LIMIT).texts())
                        .as("history of a driver whose files are gone")
                        .containsExactly("before", "between", "after");
            }
        } finally {
            driver.close();
        }
    }

    /** Positions tell what somebody has begun. If that is never read, because the driver ends, they must not come again. */
    @Test
    void positionBehindAMessageThatWasNeverFinishedIsNotUsedAgain() {
        MediaDriver driver = launch();
        try (AeronBus publishing = open();
                AeronBus reading = open()) {
            publishing.publisher().publish(NEWS, "before");
            beginAndFinishNot(1_000);
            Position behind = reading.position();
            Recording recording = new Recording();
            reading.subscribe(NEWS, StartFrom.latest(), recording);
            driver.close();
            driver = launch();
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (publishing.status().interruptions() == 0 || reading.status().interruptions() == 0) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                Thread.onSpinWait();
            }
            List<String> texts = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                texts.add("after " + i);
                assertThat(publishing.publisher().publish(NEWS, texts.get(i))).isGreaterThan(behind.value());
            }
            assertThat(recording.await(20, LIMIT).texts()).isEqualTo(texts);
            assertThat(recording.gaps()).isEmpty();
            try (Reader resumed = publishing.newReader(StartFrom.after(behind))) {
                assertThat(new Recording().poll(resumed, 20, LIMIT).texts()).isEqualTo(texts);
            }
            try (Reader all = reading.newReader(StartFrom.earliest())) {
                Recording everything = new Recording();
                assertThat(everything.poll(all, 21, LIMIT).texts())
                        .startsWith("before")
                        .hasSize(21);
                assertThat(everything.gaps()).isEmpty();
            }
        } finally {
            driver.close();
        }
    }

    private void beginAndFinishNot(int length) {
        StreamOptions stream = new StreamOptions(STREAM_ID, TERM_LENGTH);
        try (Aeron client = Aeron.connect(new Aeron.Context().aeronDirectoryName(aeron.toString()));
                Publication publication = client.addPublication(stream.publication(), stream.streamId())) {
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (publication.tryClaim(length, new BufferClaim()) < 0) {
                assertThat(System.nanoTime()).isLessThan(deadline);
            }
        }
    }

    @Test
    void whoHadADirectoryOpenThatIsRemovedIsTold() throws InterruptedException {
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        try (MediaDriver driver = launch();
                TestDirectory elsewhere = new TestDirectory();
                AeronBus bus = builder(elsewhere.path().resolve("bus")).open()) {
            assertThat(driver.aeronDirectoryName()).isEqualTo(aeron.toString());
            bus.whenUnusable(told::add);
            elsewhere.close();
            assertThat(told.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS)).contains("was removed");
            assertThatExceptionOfType(BusException.class)
                    .isThrownBy(() -> bus.publisher().publish(NEWS, "to nobody"))
                    .withMessageContaining("was removed");
            driver.close();
            LockSupport.parkNanos(Duration.ofSeconds(4).toNanos()); // longer than a driver is waited for
            assertThat(errors).as("it looks for no other driver").hasSize(1);
        }
    }

    /** The driver would discard what such a publisher leaves behind, but only after longer than this test waits. */
    @Test
    void payloadThatAnotherThreadChangesMeanwhileHoldsUpNobody() throws Exception {
        MediaDriver.Context patient = DriverMain.context(aeron)
                .publicationUnblockTimeoutNs(LIMIT.multipliedBy(2).toNanos());
        ByteBuffer shared = ByteBuffer.allocate(1_000);
        AtomicBoolean enough = new AtomicBoolean();
        Thread other = new Thread(() -> {
            while (!enough.get()) {
                shared.limit(10).limit(1_000);
            }
        });
        other.start();
        try (MediaDriver driver = MediaDriver.launch(patient);
                AeronBus bus = open()) {
            assertThat(driver.aeronDirectoryName()).isEqualTo(aeron.toString());
            assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> {
                while (true) {
                    bus.publisher().publish(NEWS, shared, PayloadKind.BINARY);
                }
            });
            Topic later = Topic.of("later");
            Recording recording = new Recording();
            bus.subscribe(later, recording);
            bus.publisher().publish(later, "as ever");
            assertThat(recording.await(1, LIMIT).texts()).containsExactly("as ever");
        } finally {
            enough.set(true);
            other.join();
        }
    }

    @Test
    void busThatCannotTellTheOthersWhereItsDriverEndedIsClosedWhole() throws IOException {
        AeronBus bus = builder().driver(AeronDriver.embedded()).open();
        Path lock = scratch.path().resolve("bus/life.lock");
        Files.delete(lock);
        Files.createDirectory(lock);
        bus.close();
        assertThat(errors).singleElement().satisfies(error -> assertThat(error)
                .hasMessageContaining("cannot find out which life"));
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("peal-") || name.contains("driver-conductor"));
    }

    @Test
    void publisherGivesUpWhenNoDriverComes() {
        MediaDriver driver = launch();
        try (AeronBus bus = builder().publishTimeout(Duration.ofMillis(700)).open()) {
            driver.close();
            assertThatExceptionOfType(BusException.class)
                    .isThrownBy(() -> {
                        while (true) {
                            bus.publisher().publish(NEWS, "to nobody");
                        }
                    })
                    .withMessageContaining("no media driver");
        } finally {
            driver.close();
        }
    }

    @Test
    void readerThatIsTooLateIsToldTheGap() {
        try (MediaDriver driver = launch();
                AeronBus bus = open();
                Reader reader = bus.newReader(StartFrom.latest())) {
            assertThat(driver.aeronDirectoryName()).isEqualTo(aeron.toString());
            byte[] payload = new byte[10_000];
            long last = 0;
            for (int i = 0; i < 2_000; i++) {
                last = bus.publisher().publish(NEWS, payload);
            }
            Recording recording = new Recording();
            while (reader.position() < last) {
                reader.poll(recording, 64);
            }
            assertThat(recording.gaps()).isNotEmpty(); // more than one if it is trimmed while it is read
            assertThat(recording.gaps().get(0).first()).isEqualTo(1);
            assertThat(recording.positions()).isSorted().endsWith(last);
            assertThat(recording.positions().get(0))
                    .isGreaterThan(recording.gaps().get(0).last());
            assertThatExceptionOfType(PositionUnavailableException.class)
                    .isThrownBy(() -> bus.newReader(
                            StartFrom.after(new Position(bus.position().epoch(), 0))))
                    .satisfies(refusal ->
                            assertThat(refusal.reason()).isEqualTo(PositionUnavailableException.Reason.TRIMMED));
        }
    }

    /** The driver puts a subscription aside that is in the last quarter of the window for 0.25 s, even if it moves. */
    @Test
    void slowReaderSetsThePaceAndIsNotPutAside() throws Exception {
        long forNs = Duration.ofSeconds(2).toNanos();
        int sleepEach = 64;
        try (MediaDriver driver = launch();
                AeronBus publishing = builder().termLength(16 << 20).open();
                AeronBus reading = builder().termLength(16 << 20).open();
                Reader reader = reading.newReader(StartFrom.latest())) {
            assertThat(driver.aeronDirectoryName()).isNotEmpty();
            AtomicBoolean enough = new AtomicBoolean();
            AtomicLong published = new AtomicLong();
            Thread publisher = new Thread(() -> {
                byte[] payload = new byte[1_000];
                while (!enough.get()) {
                    publishing.publisher().publish(NEWS, payload);
                    published.incrementAndGet();
                }
            });
            publisher.start();
            long[] received = {0};
            Subscriber slow = message -> {
                if (++received[0] % sleepEach == 0) {
                    LockSupport.parkNanos(100_000);
                }
            };
            long end = System.nanoTime() + forNs;
            while (System.nanoTime() - end < 0) {
                reader.poll(slow, 64);
            }
            enough.set(true);
            publisher.join();
            long limit = System.nanoTime() + LIMIT.toNanos();
            while (received[0] < published.get() && System.nanoTime() - limit < 0) {
                reader.poll(slow, 64);
            }
            assertThat(received[0]).isEqualTo(published.get());
            assertThat(publishing.status().interruptions()).isZero();
            assertThat(reading.status().interruptions()).isZero();
            assertThat(reading.status().gaps()).isZero();
            assertThat(published.get() * 1_000).as("bytes").isGreaterThan(2L * (16 << 20));
        }
    }

    /** In a small memory, publishers overtake a reader that pauses, in the middle of what it reads, too. */
    @Test
    void overtakenReaderNeverSeesAWrongByte() throws Exception {
        try (MediaDriver driver = launch();
                AeronBus publishing = builder().termLength(64 << 10).open();
                AeronBus bus = builder().termLength(64 << 10).open();
                Reader reader = bus.newReader(StartFrom.latest())) {
            assertThat(driver.aeronDirectoryName()).isNotEmpty();
            AtomicBoolean enough = new AtomicBoolean();
            Thread publisher = new Thread(() -> publishPatterns(publishing, enough));
            publisher.start();
            Pattern pattern = new Pattern();
            SplittableRandom random = new SplittableRandom(7);
            long end = System.nanoTime() + Duration.ofSeconds(4).toNanos();
            while (System.nanoTime() - end < 0 && pattern.failure == null) {
                reader.poll(pattern, 1 + random.nextInt(64));
                if (random.nextInt(500) == 0) {
                    LockSupport.parkNanos(random.nextLong(Duration.ofMillis(250).toNanos()));
                }
            }
            enough.set(true);
            publisher.join();
            while (reader.poll(pattern, 64) > 0) {
                assertThat(pattern.failure).isNull();
            }
            assertThat(pattern.failure).isNull();
            assertThat(pattern.messages).isPositive();
            assertThat(pattern.gaps).isPositive();
            assertThat(reader.position()).isEqualTo(publishing.position().value());
            assertThat(errors).isEmpty();
        }
    }

    private static void publishPatterns(AeronBus bus, AtomicBoolean enough) {
        ByteBuffer payload = ByteBuffer.allocate(700);
        for (long counter = 1; !enough.get(); counter++) {
            payload.clear().putLong(counter);
            int filler = (int) (counter * 31 % 600);
            for (int i = 0; i < filler; i++) {
                payload.put((byte) (counter + i));
            }
            bus.publisher().publish(NEWS, payload.flip(), PayloadKind.BINARY);
        }
    }

    /** What must hold for each message, and for what is told as lost. */
    private static final class Pattern implements Subscriber {

        private static final int MOST_PADDING = 32; // at the end of a term: less than what a message takes

        private long last;
        private long lastCounter;
        private long messages;
        private long gaps;
        private boolean behindGap = true;
        private @Nullable String failure;

        @Override
        public void onMessage(Message message) {
            ByteBuffer payload = message.payload();
            long counter = payload.getLong();
            boolean follows = behindGap ? counter > lastCounter : counter == lastCounter + 1;
            boolean whole = payload.remaining() == counter * 31 % 600;
            for (int i = 0; payload.hasRemaining(); i++) {
                whole &= payload.get() == (byte) (counter + i);
            }
            if (!follows || !whole || message.position() <= last) {
                failure = counter + " at " + message.position() + " after " + lastCounter + " at " + last + ", whole: "
                        + whole;
            }
            behindGap = false;
            lastCounter = counter;
            last = message.position();
            messages++;
        }

        @Override
        public void onGap(Gap gap) {
            if (last > 0 && !behindGap && (gap.first() <= last || gap.first() > last + MOST_PADDING)) {
                failure = gap + " after " + last;
            }
            behindGap = true;
            gaps++;
        }
    }

    @Test
    void optionsAreChecked() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().termLength(100_000).open())
                .withMessageContaining("100000");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().driverTimeout(Duration.ofMillis(10)).open())
                .withMessageContaining("driverTimeout");
    }

    @Test
    void replicaThatAsksForAnotherStreamIsRefusedAtOnceAndDisturbsNobody() {
        try (MediaDriver driver = launch();
                AeronBus bus = open()) {
            assertThat(driver.aeronDirectoryName()).isEqualTo(aeron.toString());
            for (AeronBus.Builder other :
                    List.of(builder().termLength(1 << 20), builder().streamId(77))) {
                assertThatExceptionOfType(BusException.class)
                        .isThrownBy(other::open)
                        .withMessageContaining("has streamId(32417) and termLength(4194304)")
                        .withMessageContaining("all replicas say the same");
            }
            bus.publisher().publish(NEWS, "as ever");
            assertThat(bus.status().interruptions()).isZero();
        }
    }

    private MediaDriver launch() {
        return MediaDriver.launch(DriverMain.context(aeron).dirDeleteOnStart(true));
    }

    private AeronBus open() {
        return builder().open();
    }

    private AeronBus.Builder builder() {
        return builder(scratch.path().resolve("bus"));
    }

    private AeronBus.Builder builder(Path directory) {
        return AeronBus.at(directory)
                .driver(AeronDriver.external(aeron))
                .termLength(TERM_LENGTH)
                .errorHandler(errors::add);
    }
}
