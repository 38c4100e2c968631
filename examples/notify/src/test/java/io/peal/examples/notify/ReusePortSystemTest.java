package io.peal.examples.notify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.peal.testkit.ReplicaProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Rolling restarts on a shared port, with the kernel's help; skipped where a user may not have a network of his own. */
@ParameterizedClass
@ValueSource(strings = {"netty", "jetty"})
@Timeout(120)
class ReusePortSystemTest {

    @Parameter
    private String server;

    @Test
    void noConnectionIsResetWhenTheKernelMayHandThemOn() throws Exception {
        assumeTrue(mayHaveANetwork(), "unshare, ip or the setting tcp_migrate_req (Linux 5.14) is missing");
        assumeTrue(Files.exists(Path.of("../../benchmarks/target/load.jar")), "the load tool is not built");
        try (ReplicaProcess check = ReplicaProcess.start(List.of(
                "restarts/reuseport", "1", "--seconds=10", "--clients=20", "--rate=300", "--server=" + server))) {
            int code = check.awaitExit(Duration.ofSeconds(90));
            assertThat(code).as(String.join("\n", check.output())).isZero();
            assertThat(check.output()).anyMatch(line -> line.matches(" *not acknowledged +0"));
            assertThat(check.output()).anyMatch(line -> line.matches(" *replicas drained \\(SIGTERM\\) +[1-9].*"));
        }
    }

    private static boolean mayHaveANetwork() throws InterruptedException {
        try {
            return new ProcessBuilder(
                                    "unshare",
                                    "--user",
                                    "--map-root-user",
                                    "--net",
                                    "sh",
                                    "-c",
                                    "ip link set lo up && echo 1 > /proc/sys/net/ipv4/tcp_migrate_req")
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException missing) {
            return false;
        }
    }
}
