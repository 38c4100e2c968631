package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.WakeUp;
import io.peal.bus.spi.WakeUps;
import io.peal.testkit.TestDirectory;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The thread that wakes readers, when looking at the log fails for a while, or one of those it wakes does. */
@Timeout(60)
class DoorbellTest {

    private static final long LIMIT_MS = 20_000;

    private final AtomicLong newest = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final BlockingQueue<Throwable> errors = new LinkedBlockingQueue<>();

    @ParameterizedTest(name = "spinning: {0}")
    @ValueSource(booleans = {true, false})
    void readersAreWokenAgainWhenTheLogCanBeLookedAtAgain(boolean spinning) throws InterruptedException {
        for (Throwable passing : new Throwable[] {new BusException("no file descriptor left"), new InternalError()}) {
            failure.set(passing);
            withDoorbell(spinning, wakeUps -> {
                assertThat(errors.poll(LIMIT_MS, TimeUnit.MILLISECONDS)).isSameAs(passing);
                failure.set(null);
                assertWoken(wakeUps);
            });
            errors.clear();
        }
    }

    @ParameterizedTest(name = "spinning: {0}")
    @ValueSource(booleans = {true, false})
    void anErrorOfOneThatIsWokenIsItsOwn(boolean spinning) throws InterruptedException {
        withDoorbell(spinning, wakeUps -> {
            Error own = new AssertionError("of one");
            WakeUp first = wakeUps.add(() -> {
                throw own;
            });
            assertThat(first.arm(newest.get())).isTrue();
            assertWoken(wakeUps);
            assertThat(errors.poll(LIMIT_MS, TimeUnit.MILLISECONDS)).isSameAs(own);
            assertWoken(wakeUps);
        });
    }

    private interface Check {
        void run(WakeUps wakeUps) throws InterruptedException;
    }

    private void withDoorbell(boolean spinning, Check check) throws InterruptedException {
        LongSupplier log = this::look;
        ErrorHandler handler = errors::add;
        WakeUps wakeUps = new WakeUps(newest::get, () -> {}, handler);
        try (TestDirectory scratch = new TestDirectory();
                Doorbell doorbell = new Doorbell(
                        scratch.path().resolve("door"),
                        log,
                        () -> Doorbell.UNTIL_RUNG,
                        wakeUps,
                        spinning,
                        "test-doorbell",
                        handler)) {
            doorbell.start();
            check.run(wakeUps);
        }
    }

    private long look() {
        Throwable thrown = failure.get();
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
        if (thrown instanceof Error e) {
            throw e;
        }
        return newest.get();
    }

    /** Nobody rings here: a sleeping thread comes to it by itself. */
    private void assertWoken(WakeUps wakeUps) throws InterruptedException {
        CountDownLatch woken = new CountDownLatch(1);
        WakeUp wakeUp = wakeUps.add(woken::countDown);
        assertThat(wakeUp.arm(newest.get())).isTrue();
        newest.incrementAndGet();
        assertThat(woken.await(LIMIT_MS, TimeUnit.MILLISECONDS)).isTrue();
        wakeUp.close();
    }
}
