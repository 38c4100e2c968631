package io.peal.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.peal.bus.Bus;
import io.peal.bus.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Scanner;
import org.junit.jupiter.api.Test;

final class ReplicaProcessSystemTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** Repeats each line it is given. */
    static final class Echo {
        public static void main(String... args) {
            System.out.println("ready " + args[0]);
            try (Scanner lines = new Scanner(System.in, StandardCharsets.UTF_8)) {
                while (lines.hasNextLine()) {
                    System.out.println("echo " + lines.nextLine());
                }
            }
        }
    }

    /** Opens a bus that is alone in its process. */
    public static final class Alone implements BusOpener {
        @Override
        public Bus open(String... args) {
            return InMemoryBus.create();
        }
    }

    @Test
    void talksInLines() {
        try (ReplicaProcess process = ReplicaProcess.start(Echo.class, "set")) {
            assertThat(process.awaitLine("ready", LIMIT)).isEqualTo("ready set");
            process.send("hello");
            assertThat(process.awaitLine("echo", LIMIT)).isEqualTo("echo hello");
            assertThat(process.output()).containsExactly("ready set", "echo hello");
        }
    }

    @Test
    void saysWhereItIsWhenItDoesNotDoWhatItIsWaitedFor() {
        try (ReplicaProcess process = ReplicaProcess.start(Echo.class, "set")) {
            process.awaitLine("ready", LIMIT);
            assertThatExceptionOfType(AssertionError.class)
                    .isThrownBy(() -> process.awaitLine("echo", Duration.ofMillis(200)))
                    .withMessageContaining("ready set")
                    .withMessageContaining("Its threads:")
                    .withMessageContaining("ReplicaProcessSystemTest$Echo.main");
        }
    }

    @Test
    void standsStillWhilePaused() {
        try (ReplicaProcess process = ReplicaProcess.start(Echo.class, "set")) {
            process.awaitLine("ready", LIMIT);
            process.pause();
            process.send("hello");
            assertThatExceptionOfType(AssertionError.class)
                    .isThrownBy(() -> process.awaitLine("echo", Duration.ofMillis(200)))
                    .withMessageContaining("ready set");
            process.resume();
            process.awaitLine("echo hello", LIMIT);
        }
    }

    @Test
    void endsWithTheSignalThatKilledIt() {
        ReplicaProcess process = ReplicaProcess.start(Echo.class, "set");
        process.awaitLine("ready", LIMIT);
        process.kill();
        assertThat(process.isAlive()).isFalse();
        assertThat(process.awaitExit(LIMIT)).isEqualTo(128 + 9);
    }

    @Test
    void carriesABusOverToAnotherProcess() {
        try (ReplicaJvms replicas = new ReplicaJvms(Alone.class)) {
            Bus bus = replicas.newReplica();
            Recording recording = new Recording();
            bus.subscribe(Topic.of("news"), recording);
            bus.publisher().publish(Topic.of("news"), "through two pipes");
            assertThat(recording.await(1, LIMIT).texts()).containsExactly("through two pipes");
        }
    }
}
