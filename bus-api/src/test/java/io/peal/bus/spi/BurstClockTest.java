package io.peal.bus.spi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import org.junit.jupiter.api.Test;

class BurstClockTest {

    private static final int WHILE = 10_000; // times, in which a burst is noticed

    private long nanoTime = 7_000_000_000L;
    private int readings;
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private final WallClock wall = new WallClock(() -> 0);
    private final BurstClock clock = new BurstClock(wall, new Ticks(waiting::add), () -> {
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
        assertThat(waiting).as("ticks that nobody wants").isEmpty();
    }

    @Test
    void aShortBurstIsNone() {
        ask(1_000, 10);
        tick();
        readings = 0;
        ask(10, 10);
        assertThat(readings).isEqualTo(10);
    }

    @Test
    void whoGoesOnAskingIsToldATimeOfTheLastMicrosecond() {
        ask(WHILE, 70);
        tick();
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
        assertThat(waiting).hasSize(1);
    }

    @Test
    void whoHasPausedIsToldNoTimeFromBeforeTheLastTick() {
        burst();
        nanoTime += 3_600_000_000_000L;
        tick();
        assertThat(clock.nowUs()).isEqualTo(wall.atUs(nanoTime));
    }

    @Test
    void noTimeIsKeptWhenTheTicksHaveEnded() {
        burst();
        for (int i = 0; i < 100; i++) {
            tick();
        }
        assertThat(waiting).as("nobody wants them any more").isEmpty();
        nanoTime += 3_600_000_000_000L;
        assertThat(clock.nowUs()).isEqualTo(wall.atUs(nanoTime));
    }

    @Test
    void ticksBeginAgainWithTheNextBurst() {
        noTimeIsKeptWhenTheTicksHaveEnded();
        burst();
        readings = 0;
        ask(WHILE, 10);
        assertThat(readings).isLessThan(WHILE / 6);
    }

    @Test
    void oneHesitationIsNotTheEndOfABurst() {
        burst();
        nanoTime += 50_000;
        ask(64, 70);
        readings = 0;
        ask(64, 70);
        assertThat(readings).isLessThan(16);
    }

    @Test
    void neverGoesBack() {
        long before = Long.MIN_VALUE;
        for (int i = 0; i < 100_000; i++) {
            nanoTime += i % 1_000 < 900 ? i % 97 : 1_000 * (i % 13L);
            if (i % 501 == 0) {
                tick();
            }
            long now = clock.nowUs();
            assertThat(now).isGreaterThanOrEqualTo(before);
            before = now;
        }
    }

    private void burst() {
        ask(WHILE, 10);
        tick();
        ask(WHILE, 10);
    }

    private void ask(int times, int eachNs) {
        for (int i = 0; i < times; i++) {
            nanoTime += eachNs;
            clock.nowUs();
        }
    }

    /** What would run a millisecond later, if there is anything. */
    private void tick() {
        Runnable next = waiting.poll();
        if (next != null) {
            next.run();
        }
    }
}
