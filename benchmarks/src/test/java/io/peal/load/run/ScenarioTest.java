package io.peal.load.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class ScenarioTest {

    @Test
    void rampBringsAllClientsInFourFifthsOfTheTime() {
        assertThat(Scenario.RAMP.connectsFirst()).isFalse();
        assertThat(Scenario.RAMP.clients(0, 1_000)).isZero();
        assertThat(Scenario.RAMP.clients(0.4, 1_000)).isEqualTo(500);
        assertThat(Scenario.RAMP.clients(0.9, 1_000)).isEqualTo(1_000);
        assertThat(Scenario.STEADY.clients(0, 1_000)).isEqualTo(1_000);
    }

    @Test
    void stressDoublesFourTimes() {
        assertThat(Scenario.STRESS.rateFactor(0)).isEqualTo(1);
        assertThat(Scenario.STRESS.rateFactor(0.5)).isEqualTo(4);
        assertThat(Scenario.STRESS.rateFactor(0.99)).isEqualTo(16);
        assertThat(Scenario.STRESS.rateFactor(1)).isEqualTo(16);
    }

    @Test
    void spikeIsATenthOfTheTime() {
        assertThat(Scenario.SPIKE.rateFactor(0.49)).isEqualTo(1);
        assertThat(Scenario.SPIKE.rateFactor(0.55)).isEqualTo(10);
        assertThat(Scenario.SPIKE.rateFactor(0.61)).isEqualTo(1);
    }

    @Test
    void thereAreTwoStorms() {
        assertThat(Scenario.STORM.storms(0.3)).isZero();
        assertThat(Scenario.STORM.storms(0.4)).isEqualTo(1);
        assertThat(Scenario.STORM.storms(1)).isEqualTo(2);
        assertThat(Scenario.SPIKE.storms(1)).isZero();
    }

    @Test
    void durationsHaveUnits() {
        assertThat(RunCommand.duration("500ms")).isEqualTo(Duration.ofMillis(500));
        assertThat(RunCommand.duration("1.5s")).isEqualTo(Duration.ofMillis(1_500));
        assertThat(RunCommand.duration("2m")).isEqualTo(Duration.ofMinutes(2));
        assertThat(RunCommand.duration("7")).isEqualTo(Duration.ofSeconds(7));
        assertThatIllegalArgumentException().isThrownBy(() -> RunCommand.duration("soon"));
    }
}
