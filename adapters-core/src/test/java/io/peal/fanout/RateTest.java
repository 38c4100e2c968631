package io.peal.fanout;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RateTest {

    private static final long SECOND_NS = 1_000_000_000L;

    @Test
    void soManyAtOnceAndThenSoManyASecond() {
        Rate rate = new Rate(10, 5);
        assertThat(admitted(rate, 0, 100)).as("at once").isEqualTo(5);
        assertThat(admittedOverSeconds(rate, 10)).as("in ten seconds").isBetween(100, 106);
    }

    @Test
    void nothingIsOneTooManyWithoutALimit() {
        assertThat(admitted(new Rate(0, 1), 0, 1_000)).isEqualTo(1_000);
    }

    @Test
    void clockThatWrapsAroundIsNoMatter() {
        assertThat(admitted(new Rate(10, 5), Long.MAX_VALUE - 1, 100)).isEqualTo(5);
    }

    private static int admitted(Rate rate, long nowNs, int events) {
        long state = nowNs;
        int admitted = 0;
        for (int i = 0; i < events; i++) {
            long next = rate.next(state, nowNs);
            if (!rate.isExceeded(next, nowNs)) {
                state = next;
                admitted++;
            }
        }
        return admitted;
    }

    /** Somebody tries a thousand times a second. */
    private static int admittedOverSeconds(Rate rate, int seconds) {
        long state = 0;
        int admitted = 0;
        for (long nowNs = 0; nowNs < seconds * SECOND_NS; nowNs += SECOND_NS / 1_000) {
            long next = rate.next(state, nowNs);
            if (!rate.isExceeded(next, nowNs)) {
                state = next;
                admitted++;
            }
        }
        return admitted;
    }
}
