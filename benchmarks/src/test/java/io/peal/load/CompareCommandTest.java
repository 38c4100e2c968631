package io.peal.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** A comparison that is too short to say anything, of servers that need nothing to be installed. */
@Timeout(120)
final class CompareCommandTest {

    @TempDir
    private Path folder = Path.of("");

    @Test
    void everyServerThatStartsGetsARowAndLosesNothing() {
        String[] servers = {"PEAL_NETTY", "PEAL_JETTY", "NETTY", "JETTY"};
        int exit = new CommandLine(new CompareCommand())
                .execute(
                        "--servers=" + String.join(",", servers) + ",WS",
                        "--node=" + folder, // where there is no server
                        "--lives=1",
                        "--rounds=1",
                        "--clients=20",
                        "--rates=50",
                        "--warm-up=500ms",
                        "--duration=1s",
                        "--out=" + folder.resolve("results"));
        assertThat(exit).isZero();
        assertThat(folder.resolve("results/compare.md")).content().satisfies(page -> {
            for (String server : servers) {
                assertThat(page.lines().filter(line -> line.startsWith("| " + server + " |")))
                        .singleElement()
                        .asString()
                        .matches(".*\\| 0 \\| 0 \\| [01] of 1 \\|");
            }
            assertThat(page).doesNotContain("| WS |");
        });
    }
}
