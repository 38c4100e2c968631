package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A short run of the stress tests of this package, each in a JVM of its own. {@code -Dpeal.stress.ms=N} lets each run for
 * longer. Those with three actors run where there are three cores.
 */
@Timeout(3_600)
class StressSystemTest {

    private static final String MILLISECONDS = System.getProperty("peal.stress.ms", "60");
    private static final int FEWEST_TESTS = 45;
    private static final Pattern PASSED = Pattern.compile("All remaining tests: (\\d+) matching");

    @Test
    void noForbiddenOutcomeIsSeen() throws IOException, InterruptedException {
        Path output = Files.createTempFile("peal-stress-", ".log");
        Path report = Path.of("target", "jcstress");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                Path.of("target", "test-classes").toAbsolutePath()
                        + File.pathSeparator
                        + System.getProperty("java.class.path"),
                "org.openjdk.jcstress.Main"));
        command.addAll(List.of("-t", "io.peal.*", "-r", report.toAbsolutePath().toString(), "-time", MILLISECONDS));
        command.addAll(List.of("-f", "1", "-iters", "1", "-af", "NONE", "-sc", "false"));
        command.addAll(
                List.of("-strideSize", "32", "-strideCount", "16")); // fewer states than StressMemory has room for
        command.addAll(List.of("-pth", "false", "-hs", "128", "-jvmArgs", "-XX:+UseSerialGC"));
        Files.createDirectories(report);
        try {
            int exit = new ProcessBuilder(command)
                    .directory(report.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start()
                    .waitFor();
            String text = Files.readString(output);
            assertThat(exit).as(tail(text)).isZero();
            Matcher passed = PASSED.matcher(text);
            assertThat(passed.find()).as(tail(text)).isTrue();
            assertThat(Integer.parseInt(passed.group(1)))
                    .as("tests that passed")
                    .isGreaterThanOrEqualTo(FEWEST_TESTS);
        } finally {
            Files.delete(output);
        }
    }

    private static String tail(String text) {
        return text.substring(Math.max(0, text.length() - 6_000));
    }
}
