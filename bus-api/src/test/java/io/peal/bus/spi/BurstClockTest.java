package io.peal.bus.spi;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class BurstClockTest {

    private static final int WHILE = 10_000; // times, in which a burst is noticed
    private static final long HOUR_NS = 3_600_000_000_000L;

    private long nanoTime = 7_000_000_000L;
    private int readings;
    private int threads;
    private final WallClock wall = new WallClock(() -> 0);
    private final Ticks ticks = new Ticks(this::threadThatDoesNotRun);
    private final BurstClock clock = new BurstClock(wall, ticks, () -> {
        readings++;
        return nanoTime;
    });

    @Test
    void whoAsksSeldomGetsEachTimeTheTime() {
        ask(WHILE, 5_000);
        for (int i = 0; i < WHILE; i++) {
            nanoTime += 5_000;
            assertThat(clock.nowUs()).isEqualTo(wall.atUs(nanoTime));
        }
        assertThat(threads).as("ticks that nobody wants").isZero();
    }

    @Test
    void whoAsksForLessThanAMillionGetsEachTimeTheTime() {
        ask(WHILE, 1_000);
        ticks.tick();
        readings = 0;
        ask(WHILE, 1_000);
        assertThat(readings).isEqualTo(WHILE);
        assertThat(threads).as("ticks that nobody wants").isZero();
    }

    @Test
    void aShortBurstIsNone() {
        ask(1_000, 10);
        ticks.tick();
        readings = 0;
        ask(10, 10);
        assertThat(readings).isEqualTo(10);
    }

    @Test
    void whoGoesOnAskingIsToldATimeOfTheLastMicrosecond() {
        ask(WHILE, 70);
        ticks.tick();
        ask(WHILE, 70);
        readings = 0;
        for (int i = 0; i < WHILE; i++) {
            nanoTime += 70;
            assertThat(wall.atUs(nanoTime) - clock.nowUs()).isBetween(0L, 1L);
        }
        assertThat(readings).isLessThan(WHILE / 6);
    }

    @Test
    void noTimeIsKeptBeforeThereAreTicks() {
        ask(WHILE, 10);
        readings = 0;
        ask(100, 10);
        assertThat(readings).isEqualTo(100);
        assertThat(threads).isEqualTo(1);
    }

    @Test
    void whoHasPausedIsToldNoTimeFromBeforeTheLastTick() {
        long kept = keepATime();
        assertThat(clock.nowUs()).as("no tick has come").isEqualTo(kept);
        ticks.tick();
        assertThat(clock.nowUs()).isEqualTo(wall.atUs(nanoTime));
    }

    @Test
    void noTimeIsKeptWhenTheTicksHaveEnded() {
        keepATime();
        endTicks();
        assertThat(clock.nowUs()).isEqualTo(wall.atUs(nanoTime));
    }

    @Test
    void noTimeIsKeptUntilTheTicksOfALaterBurst() {
        keepATime();
        long before = ticks.now();
        endTicks();
        ticks.want(); // by another thread
        for (int i = 0; i < 10; i++) {
            ticks.tick();
            assertThat(ticks.now()).isGreaterThan(before);
        }
        assertThat(clock.nowUs()).isEqualTo(wall.atUs(nanoTime));
    }

    @Test
    void oneHesitationIsNotTheEndOfABurst() {
        keepATime();
        ask(64, 70);
        readings = 0;
        ask(64, 70);
        assertThat(readings).isLessThan(16);
    }

    @Test
    void neverGoesBack() {
        long before = Long.MIN_VALUE;
        for (int i = 0; i < 1_000_000; i++) {
            nanoTime += i % 100_000 < 90_000 ? i % 97 : 1_000 * (i % 13L);
            if (i % 501 == 0) {
                ticks.tick();
            }
            long now = clock.nowUs();
            assertThat(now).isGreaterThanOrEqualTo(before);
            before = now;
        }
        assertThat(readings).isLessThan(900_000);
    }

    @Test
    void aThreadThatCannotBeHadIsAskedForAgain() {
        Ticks poor = new Ticks(task -> {
            threads++;
            throw new OutOfMemoryError("no thread");
        });
        poor.want();
        poor.want();
        assertThat(threads).isEqualTo(2);
    }

    @Test
    @Timeout(30)
    void ticksByItselfWhileItIsWanted() throws InterruptedException {
        Thread[] ticking = new Thread[1];
        Ticks real = new Ticks(task -> ticking[0] = new Thread(task));
        real.want();
        while (real.now() < 3) {
            real.want();
            Thread.onSpinWait();
        }
        ticking[0].join(); // it ends when nobody wants it any more
        assertThat(real.now()).isEqualTo(Ticks.NONE);
    }

    /** Goes on until one reading serves several times, and pauses in the middle of that; the time that is kept. */
    private long keepATime() {
        ask(WHILE, 10);
        ticks.tick();
        ask(WHILE, 10);
        int before = readings;
        while (readings == before) {
            ask(1, 10);
        }
        long kept = wall.atUs(nanoTime);
        ask(3, 10);
        nanoTime += HOUR_NS;
        return kept;
    }

    private void endTicks() {
        int most = 1_000;
        while (ticks.tick() && most-- > 0) {
            // nobody wants them any more
        }
        assertThat(ticks.now()).isEqualTo(Ticks.NONE);
    }

    private void ask(int times, int eachNs) {
        for (int i = 0; i < times; i++) {
            nanoTime += eachNs;
            clock.nowUs();
        }
    }

    private Thread threadThatDoesNotRun(Runnable task) {
        threads++;
        return new Thread(task) {
            @Override
            public void start() {
                // the test ticks
            }
        };
    }
}
