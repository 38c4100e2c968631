package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.peal.bus.BusException;
import io.peal.bus.Topic;
import io.peal.testkit.TestDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a replica that is cut off from the others: its directory is removed, or they take it for dead. */
@Timeout(30)
class CutOffTest {

    private static final Topic TOPIC = Topic.of("topic");
    private static final int TOO_SOON_FOR_A_SECOND_ERROR_MS = 300;

    private final TestDirectory scratch = new TestDirectory();
    private final Path directory = scratch.path().resolve("bus");
    private final List<Throwable> errors = Collections.synchronizedList(new ArrayList<>());
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void whoHadItOpenIsToldAndMayPublishNoMore() throws InterruptedException {
        try (FileBus bus = open()) {
            bus.whenUnusable(told::add);
            scratch.close();
            assertThat(told.take()).contains(directory + " was removed", "open the bus anew");
            assertThat(bus.whyUnusable()).isPresent();
            assertThatExceptionOfType(BusException.class)
                    .isThrownBy(() -> bus.publisher().publish(TOPIC, "to nobody"))
                    .withMessageContaining("was removed");
            assertThatExceptionOfType(BusException.class)
                    .isThrownBy(() -> bus.subscribe(TOPIC, message -> {}))
                    .withMessageContaining("was removed");
        }
        assertThat(told).isEmpty(); // closing it is nothing new
    }

    @Test
    void aBusThatWasMadeInItsPlaceIsAnother() throws InterruptedException {
        try (FileBus bus = open()) {
            bus.whenUnusable(told::add);
            scratch.close();
            try (FileBus another = open()) {
                assertThat(told.take()).contains(directory + " was replaced", "cut off from the others");
                assertThat(another.whyUnusable()).isEmpty();
                assertThat(another.publisher().publish(TOPIC, "of another life"))
                        .isEqualTo(1);
            }
        }
    }

    @Test
    void whoeverIsTakenForDeadIsToldAlthoughItDoesNotPublish() throws InterruptedException {
        try (FileBus bus = open();
                FileBus other = open()) {
            bus.whenUnusable(told::add);
            Control control = Control.openOrCreate(BusDirectory.prepare(directory, false), new Geometry(18, 4 << 20));
            control.leave(0); // as who finds the lock of a slot free does
            assertThat(told.take()).contains("taken for dead", "open the bus anew");
            assertThatExceptionOfType(BusException.class)
                    .isThrownBy(() -> bus.publisher().publish(TOPIC, "of one that is dead"))
                    .withMessageContaining("taken for dead");
            assertThat(other.whyUnusable()).isEmpty();
        }
    }

    @Test
    void subscriptionsWithMessagesToComeEndWithOneError() throws InterruptedException {
        CountDownLatch inCallback = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (FileBus bus = open()) {
            bus.whenUnusable(told::add);
            bus.subscribe(TOPIC, message -> {
                inCallback.countDown();
                awaitQuietly(goOn);
            });
            for (int i = 0; i < 1_000; i++) { // more than are read at once
                bus.publisher().publish(TOPIC, "message");
            }
            inCallback.await();
            scratch.close();
            told.take();
            goOn.countDown();
            Thread.sleep(TOO_SOON_FOR_A_SECOND_ERROR_MS);
            assertThat(errors).hasSize(1);
            assertThat(errors.get(0)).hasMessageContaining("was removed");
        } finally {
            goOn.countDown();
        }
    }

    private FileBus open() {
        return FileBus.at(directory).errorHandler(errors::add).open();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(Duration.ofSeconds(30).toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
