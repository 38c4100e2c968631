package io.peal.bus.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.aeron.driver.MediaDriver;
import io.peal.bus.BusException;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.testkit.Recording;
import io.peal.testkit.TestDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class AeronBusTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Topic NEWS = Topic.of("news");

    private final TestDirectory scratch = new TestDirectory();
    private final Path aeron = scratch.path().resolve("aeron");
    private final List<Throwable> errors = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void remove() {
        scratch.close();
    }

    @Test
    void busGoesOnWithTheDriverThatReplacesAnother() {
        MediaDriver driver = launch();
        try (AeronBus publishing = open();
                AeronBus reading = open()) {
            Recording recording = new Recording();
            reading.subscribe(NEWS, recording);
            publishing.publisher().publish(NEWS, "before");
            recording.await(1, LIMIT);
            driver.close();
            driver = launch();
            publishing.publisher().publish(NEWS, "between"); // to either
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (publishing.status().interruptions() == 0 || reading.status().interruptions() == 0) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                Thread.onSpinWait();
            }
            publishing.publisher().publish(NEWS, "after");
            assertThat(recording.await(3, LIMIT).texts()).containsExactly("before", "between", "after");
            assertThat(recording.positions()).isSorted();
            assertThat(publishing.status().life()).isEqualTo(2);
            assertThat(publishing.status().interruptions()).isEqualTo(1);
            assertThat(reading.position().epoch())
                    .isEqualTo(publishing.position().epoch());
            try (AeronBus late = open();
                    Reader all = late.newReader(StartFrom.earliest())) {
                assertThat(new Recording().poll(all, 3, LIMIT).texts())
                        .as("history of a driver whose files are gone")
                        .containsExactly("before", "between", "after");
            }
        } finally {
            driver.close();
        }
    }

    @Test
    void publisherGivesUpWhenNoDriverComes() {
        MediaDriver driver = launch();
        try (AeronBus bus = builder().publishTimeout(Duration.ofMillis(700)).open()) {
            driver.close();
            assertThatExceptionOfType(BusException.class)
                    .isThrownBy(() -> {
                        while (true) {
                            bus.publisher().publish(NEWS, "to nobody");
                        }
                    })
                    .withMessageContaining("no media driver");
        } finally {
            driver.close();
        }
    }

    @Test
    void readerThatIsTooLateIsToldTheGap() {
        try (MediaDriver driver = launch();
                AeronBus bus = builder().windowLength(1 << 20).open();
                Reader reader = bus.newReader(StartFrom.latest())) {
            assertThat(driver.aeronDirectoryName()).isEqualTo(aeron.toString());
            byte[] payload = new byte[10_000];
            long last = 0;
            for (int i = 0; i < 2_000; i++) {
                last = bus.publisher().publish(NEWS, payload);
            }
            Recording recording = new Recording();
            while (reader.position() < last) {
                reader.poll(recording, 64);
            }
            assertThat(recording.gaps()).isNotEmpty(); // more than one if it is trimmed while it is read
            assertThat(recording.gaps().get(0).first()).isEqualTo(1);
            assertThat(recording.positions()).isSorted().endsWith(last);
            assertThat(recording.positions().get(0))
                    .isGreaterThan(recording.gaps().get(0).last());
            assertThatExceptionOfType(PositionUnavailableException.class)
                    .isThrownBy(() -> bus.newReader(
                            StartFrom.after(new Position(bus.position().epoch(), 0))))
                    .satisfies(refusal ->
                            assertThat(refusal.reason()).isEqualTo(PositionUnavailableException.Reason.TRIMMED));
        }
    }

    @Test
    void windowOfADeadReplicaIsRemoved() throws Exception {
        try (MediaDriver driver = launch();
                AeronBus bus = open()) {
            assertThat(driver.aeronDirectoryName()).isNotEmpty();
            Path dead = scratch.path().resolve("bus").resolve("windows").resolve("4711-1");
            Files.createDirectories(dead);
            Files.writeString(dead.resolve("control"), "");
            open().close();
            assertThat(dead).doesNotExist();
            bus.publisher().publish(NEWS, "its own window is there");
            try (Reader reader = bus.newReader(StartFrom.earliest())) {
                assertThat(new Recording().poll(reader, 1, LIMIT).texts()).hasSize(1);
            }
        }
        assertThat(scratch.path().resolve("bus").resolve("windows")).isEmptyDirectory();
    }

    @Test
    void optionsAreChecked() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().termLength(100_000).open())
                .withMessageContaining("100000");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().driverTimeout(Duration.ofMillis(10)).open())
                .withMessageContaining("driverTimeout");
    }

    private MediaDriver launch() {
        return MediaDriver.launch(DriverMain.context(aeron).dirDeleteOnStart(true));
    }

    private AeronBus open() {
        return builder().open();
    }

    private AeronBus.Builder builder() {
        return AeronBus.at(scratch.path().resolve("bus"))
                .driver(AeronDriver.external(aeron))
                .termLength(4 << 20)
                .windowLength(8 << 20)
                .errorHandler(errors::add);
    }
}
