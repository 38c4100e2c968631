package io.peal.bus.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.BusException;
import io.peal.testkit.ReplicaProcess;
import io.peal.testkit.TestDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class JvmFlagSystemTest {

    /** Opens a bus, and prints why that cannot be. */
    static final class Opening {

        private Opening() {}

        public static void main(String... args) {
            try {
                AeronBus.at(Path.of(args[0]))
                        .driver(AeronDriver.embedded())
                        .open()
                        .close();
                System.out.println("opened");
            } catch (BusException e) {
                System.out.println("refused: " + e.getMessage());
            }
        }
    }

    @Test
    void missingFlagIsNamed() {
        assertThat(open())
                .startsWith("refused: Aeron needs")
                .contains(JvmFlag.FLAG)
                .contains("Add-Exports");
    }

    @Test
    void withTheFlagItOpens() {
        assertThat(open(JvmFlag.FLAG)).isEqualTo("opened");
    }

    private static String open(String... flags) {
        try (TestDirectory directory = new TestDirectory()) {
            List<String> command = new ArrayList<>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(List.of(flags));
            command.addAll(List.of("-cp", System.getProperty("java.class.path"), Opening.class.getName()));
            command.add(directory.path().resolve("bus").toString());
            try (ReplicaProcess process = ReplicaProcess.start(command)) {
                return process.awaitLine(
                        line -> line.startsWith("opened") || line.startsWith("refused"),
                        "an answer",
                        Duration.ofSeconds(30));
            }
        }
    }
}
