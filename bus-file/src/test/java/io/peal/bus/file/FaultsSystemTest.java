package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.peal.bus.BusException;
import io.peal.bus.spi.WallClock;
import io.peal.testkit.JvmCommand;
import io.peal.testkit.ReplicaProcess;
import io.peal.testkit.TestDirectory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the machine may deny: room, file descriptors, the right to write, a steady clock. */
@Timeout(240)
class FaultsSystemTest {

    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final TestDirectory scratch = new TestDirectory();

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void fullFileSystemIsToldToThePublisherAndNobodyElse() throws Exception {
        try (ReplicaProcess process = start(List.of(), "full")) {
            for (int creation = 1; creation <= 12; creation++) {
                String line = process.awaitLine(text -> text.startsWith("full from file"), "a result", LIMIT);
                assertThat(line).startsWith("full from file " + creation + ":").endsWith("complete");
                assertThat(line).doesNotContain("incomplete").doesNotContain("without room 0,");
                if (line.contains("refused 0,")) { // it need not be told if old messages made room for new ones
                    assertThat(line).contains("oldest ").doesNotContain("oldest 1,");
                }
            }
            process.awaitLine("done"::equals, "done", LIMIT);
        }
    }

    @Test
    void fewFileDescriptorsAreEnough() throws Exception {
        try (ReplicaProcess process = start(List.of("sh", "-c", "ulimit -n 40; exec \"$@\"", "sh"), "files")) {
            assertThat(process.awaitLine(
                            text -> text.startsWith("read") || text.startsWith("refused"), "a result", LIMIT))
                    .isEqualTo("read 30000");
        }
    }

    @Test
    void segmentOfTheDeadThatSomebodyDeletesMeanwhileIsNoError() throws Exception {
        try (ReplicaProcess process = start(List.of(), "deleted")) {
            assertThat(process.awaitLine(text -> text.startsWith("FAILED") || text.equals("buried"), "a result", LIMIT))
                    .isEqualTo("buried");
        }
    }

    @Test
    void directoryThatCannotBeMadeIsNamed() {
        Path directory = Path.of("/proc/peal");
        assertThatExceptionOfType(BusException.class)
                .isThrownBy(() -> FileBus.open(directory))
                .withMessageContaining(directory.toString());
    }

    @Test
    void clockFollowsStepsAndNothingElseDoes() {
        AtomicLong systemUs = new AtomicLong(1_000_000_000_000L);
        WallClock clock = new WallClock(systemUs::get);
        assertThat(clock.nowUs()).isBetween(systemUs.get(), systemUs.get() + 1_000_000);
        systemUs.addAndGet(-3_600_000_000L);
        clock.adjust();
        assertThat(clock.nowUs()).isBetween(systemUs.get(), systemUs.get() + 1_000_000);
        systemUs.addAndGet(7_200_000_000L);
        assertThat(clock.nowUs()).isLessThan(systemUs.get());
        clock.adjust();
        assertThat(clock.nowUs()).isBetween(systemUs.get(), systemUs.get() + 1_000_000);
    }

    private ReplicaProcess start(List<String> prefix, String what) throws IOException {
        List<String> java = new ArrayList<>(JvmCommand.forMain(
                FaultsMain.class, what, scratch.path().resolve("bus").toString()));
        java.add(1, "-Dio.peal.bus.file.steps=true");
        List<String> command = new ArrayList<>(prefix);
        command.addAll(java);
        return ReplicaProcess.start(command);
    }
}
