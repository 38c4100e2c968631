package io.peal.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

final class GapTest {

    @Test
    void countsBothEnds() {
        assertThat(new Gap(3, 3).count()).isEqualTo(1);
        assertThat(new Gap(3, 7).count()).isEqualTo(5);
    }

    @Test
    void isARangeOfRealPositions() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Gap(0, 3));
        assertThatIllegalArgumentException().isThrownBy(() -> new Gap(4, 3));
    }
}
