package io.peal.fanout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class LimitsTest {

    @Test
    void changingOneLimitLeavesTheOthersAndTheDefaults() {
        Limits changed = Limits.defaults().stall(Duration.ofSeconds(7)).inboundRate(3, 4);
        assertThat(changed.stall()).isEqualTo(Duration.ofSeconds(7));
        assertThat(changed.inboundRate()).isEqualTo(3);
        assertThat(changed.inboundBurst()).isEqualTo(4);
        assertThat(changed.connections()).isEqualTo(50_000);
        assertThat(Limits.defaults().stall()).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void limitThatMakesNoSenseIsRefusedByItsName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Limits.defaults().stall(Duration.ofMillis(999)))
                .withMessage("stall is 999, at least 1000 is needed");
        assertThatIllegalArgumentException().isThrownBy(() -> Limits.defaults().inboundRate(1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> Limits.defaults().connections(-1));
    }

    @Test
    void textNamesEachLimit() {
        assertThat(Limits.defaults().toString())
                .startsWith("inboundFrameLength 65536, ")
                .contains("stall 30000 ms", "upgradesPerSecond 5000");
    }

    @Test
    void shortestLimitOfAConnectionsLifeIgnoresThoseThatAreOff() {
        assertThat(Limits.defaults().shortestOfLife()).isEqualTo(Duration.ofSeconds(25));
        assertThat(Limits.defaults().idle(Duration.ofSeconds(3)).shortestOfLife())
                .isEqualTo(Duration.ofSeconds(3));
    }
}
