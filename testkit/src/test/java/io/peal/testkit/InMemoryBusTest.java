package io.peal.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peal.bus.Gap;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import org.junit.jupiter.api.Test;

final class InMemoryBusTest {

    private static final Topic NEWS = Topic.of("news");

    @Test
    void tellsASlowReaderExactlyWhatItMissed() {
        try (InMemoryBus bus = InMemoryBus.retaining(10);
                Reader reader = bus.newReader(StartFrom.earliest())) {
            publish(bus, 25);
            Recording recording = new Recording();
            reader.poll(recording, 100);
            assertThat(recording.gaps()).containsExactly(new Gap(1, 15));
            assertThat(recording.positions()).containsExactly(16L, 17L, 18L, 19L, 20L, 21L, 22L, 23L, 24L, 25L);
        }
    }

    @Test
    void refusesToResumeBehindWhatIsTrimmed() {
        try (InMemoryBus bus = InMemoryBus.retaining(10)) {
            publish(bus, 25);
            long epoch = bus.position().epoch();
            assertThatExceptionOfType(PositionUnavailableException.class)
                    .isThrownBy(() -> bus.newReader(StartFrom.after(new Position(epoch, 14))))
                    .satisfies(refusal ->
                            assertThat(refusal.reason()).isEqualTo(PositionUnavailableException.Reason.TRIMMED));
            try (Reader reader = bus.newReader(StartFrom.after(new Position(epoch, 15)))) {
                Recording recording = new Recording();
                reader.poll(recording, 100);
                assertThat(recording.messages()).hasSize(10);
            }
        }
    }

    @Test
    void retainsAtLeastOneMessage() {
        assertThatIllegalArgumentException().isThrownBy(() -> InMemoryBus.retaining(0));
    }

    private static void publish(InMemoryBus bus, int count) {
        for (int i = 1; i <= count; i++) {
            bus.publisher().publish(NEWS, "n" + i);
        }
    }
}
