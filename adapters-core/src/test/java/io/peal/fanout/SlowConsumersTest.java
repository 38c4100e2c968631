package io.peal.fanout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peal.bus.Topic;
import org.junit.jupiter.api.Test;

class SlowConsumersTest {

    @Test
    void firstPatternThatFitsCounts() {
        SlowConsumers policies = SlowConsumers.catchUp()
                .with("prices/gold", SlowConsumerPolicy.CATCH_UP)
                .with("prices/*", SlowConsumerPolicy.CONFLATE)
                .with("cursors", SlowConsumerPolicy.DROP);
        assertThat(policies.of(Topic.of("prices/gold"))).isEqualTo(SlowConsumerPolicy.CATCH_UP);
        assertThat(policies.of(Topic.of("prices/silver"))).isEqualTo(SlowConsumerPolicy.CONFLATE);
        assertThat(policies.of(Topic.of("prices"))).isEqualTo(SlowConsumerPolicy.CATCH_UP);
        assertThat(policies.of(Topic.of("cursors"))).isEqualTo(SlowConsumerPolicy.DROP);
        assertThat(policies.of(Topic.of("cursors/1"))).isEqualTo(SlowConsumerPolicy.CATCH_UP);
        assertThat(policies.with("*", SlowConsumerPolicy.DISCONNECT).of(Topic.of("anything")))
                .isEqualTo(SlowConsumerPolicy.DISCONNECT);
    }

    @Test
    void patternHasOneStarAtItsEndAtMost() {
        for (String pattern : new String[] {"", "*prices", "a*b", "a**"}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> SlowConsumers.catchUp().with(pattern, SlowConsumerPolicy.DROP));
        }
    }
}
