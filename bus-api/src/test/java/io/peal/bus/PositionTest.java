package io.peal.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peal.bus.PositionUnavailableException.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PositionTest {

    @Test
    void isATokenAndBack() {
        Position position = new Position(0x9f3a61c2d07b4e15L, 1042);
        assertThat(position).hasToString("9f3a61c2d07b4e15-1042");
        assertThat(Position.parse("9f3a61c2d07b4e15-1042")).isEqualTo(position);
        Position extreme = new Position(1, Long.MAX_VALUE);
        assertThat(Position.parse(extreme.toString())).isEqualTo(extreme);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-",
                "9f3a61c2d07b4e15",
                "9f3a61c2d07b4e15-",
                "9f3a61c2d07b4e15--1",
                "9f3a61c2d07b4e15-+1",
                "9F3A61C2D07B4E15-1",
                "9f3a61c2d07b4e1-10",
                "+f3a61c2d07b4e15-1",
                "9f3a61c2d07b4e15-9223372036854775808",
                "9f3a61c2d07b4e15-10000000000000000000000",
                "9f3a61c2d07b4e15-\u0661"
            })
    void refusesWhatIsNotAToken(String token) {
        assertThatIllegalArgumentException().isThrownBy(() -> Position.parse(token));
    }

    @Test
    void isNotNegative() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Position(1, -1));
    }

    @ParameterizedTest
    @CsvSource({"1, 9, TRIMMED", "1, 21, NOT_YET_WRITTEN", "2, 15, OTHER_EPOCH", "1, 0, TRIMMED"})
    void isRefusedWithTheReason(long epoch, long value, Reason reason) {
        assertThatExceptionOfType(PositionUnavailableException.class)
                .isThrownBy(() -> PositionUnavailableException.checkAvailable(new Position(epoch, value), 1, 11, 20))
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }

    @ParameterizedTest
    @ValueSource(longs = {10, 11, 20})
    void isAvailableFromBeforeTheOldestToTheNewest(long value) {
        PositionUnavailableException.checkAvailable(new Position(1, value), 1, 11, 20);
    }
}
