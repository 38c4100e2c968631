package io.peal.fanout;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.Position;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectionCapTest {

    private static final Limits DEFAULTS = Limits.defaults();

    private final Path process;

    ConnectionCapTest(@TempDir Path process) {
        this.process = process;
    }

    @Test
    void limitHoldsWhereThereAreDescriptorsEnough() throws IOException {
        describe("1048576", 100);
        assertMost(ConnectionCap.of(DEFAULTS, process), DEFAULTS.connections());
        assertMost(ConnectionCap.of(DEFAULTS.connections(10), process), 10);
    }

    @Test
    void someDescriptorsAreSpared() throws IOException {
        describe("4096", 100);
        assertMost(ConnectionCap.of(DEFAULTS, process), 4_096 - 100 - 256);
        assertMost(ConnectionCap.of(DEFAULTS.connections(0), process), 4_096 - 100 - 256);
        describe("256", 100);
        assertMost(ConnectionCap.of(DEFAULTS, process), 256 - 100 - 64);
    }

    @Test
    void oneConnectionIsAlwaysTried() throws IOException {
        describe("64", 60);
        assertMost(ConnectionCap.of(DEFAULTS, process), 1);
    }

    @Test
    void limitHoldsWhereNothingIsKnownOfDescriptors() throws IOException {
        assertMost(ConnectionCap.of(DEFAULTS, process), DEFAULTS.connections());
        describe("unlimited", 100);
        assertMost(ConnectionCap.of(DEFAULTS, process), DEFAULTS.connections());
        describe("some", 100);
        assertMost(ConnectionCap.of(DEFAULTS, process), DEFAULTS.connections());
        assertThat(ConnectionCap.of(DEFAULTS.connections(0), process).most()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void thereAreAsManyPlacesAsConnectionsMayBe() {
        ConnectionCap cap = ConnectionCap.of(DEFAULTS.connections(2), process);
        assertThat(cap.take()).isTrue();
        assertThat(cap.isReached()).isFalse();
        assertThat(cap.take()).isTrue();
        assertThat(cap.isReached()).isTrue();
        assertThat(cap.take()).isFalse();
        assertThat(cap.takeAnyway()).as("one too many").isTrue();
        assertThat(cap.taken()).isEqualTo(3);
        cap.giveBack();
        assertThat(cap.take()).isFalse();
        cap.giveBack();
        assertThat(cap.takeAnyway()).isFalse();
    }

    @Test
    void placeIsGivenBackOnce() {
        ConnectionCap cap = ConnectionCap.of(DEFAULTS.connections(2), process);
        Place place = new Place(cap, new Position(0, 0), null, cap.takeAnyway());
        assertThat(cap.take()).isTrue();
        place.giveBack();
        place.giveBack();
        assertThat(cap.taken()).isEqualTo(1);
    }

    private void describe(String soft, int open) throws IOException {
        Files.writeString(process.resolve("limits"), """
                Limit                     Soft Limit           Hard Limit           Units
                Max cpu time              unlimited            unlimited            seconds
                Max open files            %-20s 1048576              files
                Max locked memory         8388608              8388608              bytes
                """.formatted(soft));
        Path descriptors = Files.createDirectories(process.resolve("fd"));
        for (int i = 0; i < open; i++) {
            Files.writeString(descriptors.resolve(String.valueOf(i)), "");
        }
    }

    private static void assertMost(ConnectionCap cap, int connections) {
        assertThat(cap.most()).isEqualTo(connections);
    }
}
