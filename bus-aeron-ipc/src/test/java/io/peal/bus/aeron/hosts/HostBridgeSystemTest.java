package io.peal.bus.aeron.hosts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.peal.testkit.JvmCommand;
import io.peal.testkit.ReplicaProcess;
import io.peal.testkit.TestDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * Two hosts, each in a network of its own, over a line that loses packets; bridges are killed and stopped while both
 * publish. Making networks takes root's rights: without them this is skipped, and says so.
 */
@Timeout(300)
@Isolated("what it times would wait for the processors of others")
class HostBridgeSystemTest {

    private static final int ROUNDS = Integer.getInteger("peal.hosts.rounds", 3);
    private static final int MESSAGES_A_ROUND = 20_000;
    private static final int PAUSE_US = 100;
    private static final String LOSS_PERCENT = "2";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final TestDirectory scratch = new TestDirectory();
    private final String tag = "peal" + ProcessHandle.current().pid() % 100_000;
    private final List<ReplicaProcess> processes = new ArrayList<>();
    private final Host left = new Host("a", "10.203.77.1");
    private final Host right = new Host("b", "10.203.77.2");
    private boolean lossByDriver;

    @BeforeEach
    void makeNetworks() {
        assumeTrue(
                run("ip", "netns", "add", left.network()) == 0,
                "no network of its own can be made here: it takes root's rights, and iproute2");
        assertThat(run("ip", "netns", "add", right.network())).isZero();
        assertThat(run("ip", "link", "add", left.line(), "type", "veth", "peer", "name", right.line()))
                .isZero();
        for (Host host : List.of(left, right)) {
            assertThat(run("ip", "link", "set", host.line(), "netns", host.network()))
                    .isZero();
            assertThat(host.run("ip", "address", "add", host.address() + "/24", "dev", host.line()))
                    .isZero();
            assertThat(host.run("ip", "link", "set", host.line(), "up")).isZero();
            assertThat(host.run("ip", "link", "set", "lo", "up")).isZero();
            String[] loss = {"tc", "qdisc", "add", "dev", host.line(), "root", "netem", "loss", LOSS_PERCENT + "%"};
            lossByDriver |= host.run(loss) != 0;
        }
        System.out.println("packets are lost by " + (lossByDriver ? "the driver: this kernel has no netem" : "netem"));
    }

    @AfterEach
    void removeNetworks() {
        processes.forEach(ReplicaProcess::close);
        run("ip", "netns", "delete", left.network());
        run("ip", "netns", "delete", right.network());
        scratch.close();
    }

    @Test
    void nothingIsLostWhenBridgesAreKilledAndPacketsAreLost() {
        ReplicaProcess leftService = service(left);
        ReplicaProcess rightService = service(right);
        ReplicaProcess[] active = {bridge(left, right), bridge(right, left)};
        for (ReplicaProcess bridge : active) {
            bridge.awaitLine("connected", PATIENCE);
        }
        ReplicaProcess[] standby = {bridge(left, right), bridge(right, left)};

        int published = 0;
        for (int round = 1; round <= ROUNDS; round++) {
            leftService.send("publish " + MESSAGES_A_ROUND + " " + PAUSE_US);
            rightService.send("publish " + MESSAGES_A_ROUND + " " + PAUSE_US);
            published += MESSAGES_A_ROUND;
            int struck = round % 2;
            sleep(300 + 400 * round % 700);
            active[1 - struck].pause();
            sleep(500);
            active[1 - struck].resume();
            active[struck].kill();
            long killedNs = System.nanoTime();
            standby[struck].awaitLine("connected", PATIENCE);
            System.out.println("a bridge was replaced within "
                    + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - killedNs) + " ms");
            active[struck] = standby[struck];
            standby[struck] = struck == 0 ? bridge(left, right) : bridge(right, left);
            leftService.awaitLine("published " + published, PATIENCE);
            rightService.awaitLine("published " + published, PATIENCE);
        }

        String all = "seen {a=" + published + ", b=" + published + "}";
        awaitSeen(leftService, all);
        awaitSeen(rightService, all);
        assertThat(processes.stream()
                        .flatMap(process -> process.output().stream())
                        .filter(line -> line.startsWith("WRONG") || line.startsWith("ERROR")))
                .isEmpty();
    }

    private static void awaitSeen(ReplicaProcess service, String all) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        String seen;
        do {
            assertThat(System.nanoTime()).as(service.output().toString()).isLessThan(deadline);
            sleep(100);
            service.send("seen");
            seen = service.awaitLine("seen", PATIENCE);
        } while (!seen.equals(all));
    }

    private ReplicaProcess service(Host host) {
        ReplicaProcess service = start(JvmCommand.forMain(HostMain.class, "service", host.directory(), host.name()));
        service.awaitLine("ready", PATIENCE);
        return service;
    }

    private ReplicaProcess bridge(Host host, Host peer) {
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", host.network()));
        List<String> java =
                JvmCommand.forMain(HostMain.class, "bridge", host.directory(), host.endpoint(), peer.endpoint());
        command.add(java.get(0));
        if (lossByDriver) {
            command.addAll(LossyDriver.JVM_ARGS);
        }
        command.addAll(java.subList(1, java.size()));
        return start(command);
    }

    private ReplicaProcess start(List<String> command) {
        ReplicaProcess process = ReplicaProcess.start(command);
        processes.add(process);
        return process;
    }

    private static int run(String... command) {
        try {
            return new ProcessBuilder(command).inheritIO().start().waitFor();
        } catch (IOException notInstalled) {
            return -1;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static void sleep(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** A driver that loses packets itself, both those with messages and those about them. */
    private static final class LossyDriver {

        private static final String RATE = "0.0" + LOSS_PERCENT;
        private static final List<String> JVM_ARGS = List.of(
                "-Daeron.SendChannelEndpoint.supplier=io.aeron.driver.ext.DebugSendChannelEndpointSupplier",
                "-Daeron.ReceiveChannelEndpoint.supplier=io.aeron.driver.ext.DebugReceiveChannelEndpointSupplier",
                "-Daeron.debug.send.data.loss.rate=" + RATE,
                "-Daeron.debug.send.control.loss.rate=" + RATE,
                "-Daeron.debug.receive.data.loss.rate=" + RATE,
                "-Daeron.debug.receive.control.loss.rate=" + RATE);
    }

    /** One of the two. */
    private final class Host {

        private final String name;
        private final String address;

        Host(String name, String address) {
            this.name = name;
            this.address = address;
        }

        String name() {
            return name;
        }

        String address() {
            return address;
        }

        String endpoint() {
            return address + ":40100";
        }

        String network() {
            return tag + name;
        }

        /** The end of the line between the hosts. */
        String line() {
            return tag + name + "0";
        }

        String directory() {
            Path directory = scratch.path().resolve(name);
            try {
                Files.createDirectories(directory);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return directory.toString();
        }

        int run(String... command) {
            return HostBridgeSystemTest.run(
                    Stream.concat(Stream.of("ip", "netns", "exec", network()), Stream.of(command))
                            .toArray(String[]::new));
        }
    }
}
