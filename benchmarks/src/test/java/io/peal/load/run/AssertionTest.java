package io.peal.load.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class AssertionTest {

    @ParameterizedTest
    @CsvSource({
        "p99<50ms, true",
        "p99 < 20 ms, false",
        "p99<30000us, true",
        "p99>=30ms, false",
        "P50=4ms, true",
        "max<=1s, true",
        "lost=0, false",
        "lost<=3, true",
        "duplicated=0, true",
        "success>99.9%, false",
        "success>=99%, true",
        "throughput>1k, true",
        "memory<64MiB, true",
        "memory<1MiB, false",
    })
    void figuresAreCompared(String text, boolean holds) {
        assertThat(Assertion.parse(text).get(0).holds(summary(100))).isEqualTo(holds);
    }

    @ParameterizedTest
    @CsvSource({
        "p99<50ms, 25 ms",
        "p99<50000, '25,000 us'",
        "max<=1s, 0.9 s",
        "lost=0, 3",
        "delivered>1k, 0.1 k",
        "success>99.9%, 99 %",
        "memory<64MiB, 32 MiB",
        "cpu<5us, 2.5 us",
    })
    void figuresAreToldInTheUnitOfTheLimit(String text, String told) {
        assertThat(Assertion.parse(text).get(0).actual(summary(100))).isEqualTo(told);
    }

    @Test
    void severalStandBehindCommas() {
        assertThat(Assertion.parse("p99<50ms, lost=0"))
                .extracting(Assertion::figure)
                .containsExactly("p99", "lost");
    }

    @Test
    void nothingHoldsOfLatenciesThatWereNotMeasured() {
        assertThat(Assertion.parse("p99<50ms").get(0).holds(summary(0))).isFalse();
        assertThat(Assertion.parse("duplicated=0").get(0).holds(summary(0))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "p99", "p99<", "p99<x", "speed>1", "p99<5min", "lost=0,"})
    void nonsenseIsRefused(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Assertion.parse(text))
                .withMessageContaining("p99.9");
    }

    private static Summary summary(long delivered) {
        return new Summary(
                "t",
                "",
                "",
                "",
                "STEADY",
                10,
                1,
                10,
                100,
                5,
                99,
                false,
                0,
                Map.of("refused", 1L),
                10,
                0,
                delivered,
                delivered + 3,
                3,
                0,
                0,
                2_000,
                1_000,
                4_000,
                5_000,
                6_000,
                25_000,
                40_000,
                900_000,
                2.5,
                32 << 20,
                1 << 20,
                List.of());
    }
}
