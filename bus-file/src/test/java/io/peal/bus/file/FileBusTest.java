package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peal.bus.BusException;
import io.peal.bus.Topic;
import io.peal.testkit.TestDirectory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a bus in a directory accepts, makes, and refuses. */
class FileBusTest {

    private static final Topic TOPIC = Topic.of("topic");

    private final TestDirectory scratch = new TestDirectory();
    private final Path directory = scratch.path().resolve("bus");

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void refusesAFile() throws IOException {
        Files.createFile(directory);
        refused("is not a directory");
    }

    @Test
    void refusesADirectoryWithOtherContent() throws IOException {
        Files.createDirectory(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.createFile(directory.resolve("thesis.doc"));
        refused("is not a bus");
        assertThat(directory.resolve("thesis.doc")).exists();
    }

    @Test
    void refusesASymbolicLink() throws IOException {
        Files.createSymbolicLink(directory, Files.createDirectory(scratch.path().resolve("elsewhere")));
        refused("is a symbolic link");
    }

    @Test
    void refusesADirectoryThatIsOpenToOthers() throws IOException {
        FileBus.open(directory).close();
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        refused("is open to others");
    }

    @Test
    void refusesALinkWhereEverybodyMayPutOne() throws IOException {
        Path everybodys = Files.createDirectory(scratch.path().resolve("everybodys"));
        Files.setPosixFilePermissions(everybodys, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.createSymbolicLink(
                everybodys.resolve("link"), Files.createDirectory(scratch.path().resolve("elsewhere")));
        assertThatExceptionOfType(BusException.class)
                .isThrownBy(() -> FileBus.open(everybodys.resolve("link").resolve("bus")))
                .withMessageContaining("leads through the link");
    }

    @Test
    void makesEverythingForItsOwnerAlone() throws IOException {
        try (FileBus bus = FileBus.open(directory)) {
            bus.publisher().publish(TOPIC, "secret");
            assertThat(permissions()).containsOnly("rwx------", "rw-------", "socket");
        }
    }

    @Test
    void opensToItsGroupIfToldTo() throws IOException {
        try (FileBus bus = FileBus.at(directory).openToGroup(true).open()) {
            bus.publisher().publish(TOPIC, "shared");
            assertThat(permissions()).containsOnly("rwxrwx---", "rw-rw----", "socket");
            refused("is open to others");
            FileBus.at(directory).openToGroup(true).open().close();
        }
    }

    @Test
    void refusesAControlFileOfSomethingElse() throws IOException {
        FileBus.open(directory).close();
        overwrite("control", ControlLayout.MAGIC_AT, 1);
        refused("is not the control file of a bus");
    }

    @Test
    void refusesAnotherFormat() throws IOException {
        FileBus.open(directory).close();
        overwrite("control", ControlLayout.MAJOR_AT, 99);
        refused("has format 99");
    }

    @Test
    void refusesADamagedHeader() throws IOException {
        FileBus.open(directory).close();
        overwrite("control", ControlLayout.INDEX_SLOTS_LOG2_AT, 3);
        refused("is damaged");
    }

    @Test
    void refusesAControlFileThatIsTooShort() throws IOException {
        FileBus.open(directory).close();
        try (RandomAccessFile file =
                new RandomAccessFile(directory.resolve("control").toFile(), "rw")) {
            file.setLength(100);
        }
        refused("100 bytes");
    }

    @Test
    void manyWhoComeAtOnceMakeOneBus() throws Exception {
        for (int round = 0; round < 20; round++) {
            Path fresh = scratch.path().resolve("fresh-" + round);
            ExecutorService threads = Executors.newFixedThreadPool(4);
            List<Future<FileBus>> opened = threads.invokeAll(Collections.nCopies(4, () -> FileBus.open(fresh)));
            threads.shutdown();
            Set<Long> epochs = new HashSet<>();
            for (Future<FileBus> each : opened) {
                epochs.add(each.get().position().epoch());
                each.get().close();
            }
            assertThat(epochs).hasSize(1);
        }
    }

    @Test
    void laterReplicasTakeTheGeometryTheyFind() {
        try (FileBus first = FileBus.at(directory).dataSegmentLength(1 << 16).open();
                FileBus second =
                        FileBus.at(directory).dataSegmentLength(1 << 20).open()) {
            assertThat(second.maxPayloadLength()).isEqualTo(first.maxPayloadLength());
        }
    }

    @Test
    void refusesOptionsOutOfRange() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> FileBus.at(directory).dataSegmentLength(1_000_000).open())
                .withMessageContaining("1000000")
                .withMessageContaining("power of two");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FileBus.at(directory).indexSegmentSlots(32).open())
                .withMessageContaining("32");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> FileBus.at(directory).replicaName("x".repeat(65)).open())
                .withMessageContaining("65");
        assertThat(directory).doesNotExist();
    }

    @Test
    void refusesAPayloadOverTheLimitAndGoesOn() {
        try (FileBus bus = FileBus.open(directory)) {
            byte[] longest = new byte[bus.maxPayloadLength()];
            assertThat(bus.publisher().publish(TOPIC, longest)).isEqualTo(1);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> bus.publisher().publish(TOPIC, new byte[longest.length + 1]))
                    .withMessageContaining(String.valueOf(longest.length + 1))
                    .withMessageContaining(String.valueOf(longest.length));
            assertThat(bus.publisher().publish(TOPIC, "next")).isEqualTo(2);
        }
    }

    @Test
    void severalReplicasInOneJvmHaveNumbersOfTheirOwn() {
        try (FileBus first = FileBus.open(directory);
                FileBus second = FileBus.open(directory);
                FileBus third = FileBus.open(directory)) {
            assertThat(List.of(first.replica(), second.replica(), third.replica()))
                    .doesNotHaveDuplicates();
        }
    }

    private void refused(String reason) {
        assertThatThrownBy(() -> FileBus.open(directory))
                .isInstanceOf(BusException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContaining(reason);
    }

    private void overwrite(String name, int at, int value) throws IOException {
        try (RandomAccessFile file =
                new RandomAccessFile(directory.resolve(name).toFile(), "rw")) {
            file.seek(at);
            file.writeInt(Integer.reverseBytes(value));
        }
    }

    /** Who may use the directory and what is in it; a socket is guarded by the directory it is in. */
    private Set<String> permissions() throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            Set<String> permissions = new TreeSet<>();
            for (Path each : all.toList()) {
                boolean other = !Files.isRegularFile(each) && !Files.isDirectory(each);
                permissions.add(other ? "socket" : PosixFilePermissions.toString(Files.getPosixFilePermissions(each)));
            }
            return permissions;
        }
    }
}
