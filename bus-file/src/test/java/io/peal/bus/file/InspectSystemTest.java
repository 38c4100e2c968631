package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.testkit.JvmCommand;
import io.peal.testkit.TestDirectory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The inspector, as people call it: a process of its own, beside a bus that lives, and when all are dead. */
@Timeout(120)
class InspectSystemTest {

    private static final Topic LOUD = Topic.of("loud");
    private static final Topic QUIET = Topic.of("quiet");

    private final TestDirectory scratch = new TestDirectory();
    private final Path directory = scratch.path().resolve("bus");

    /** What a call printed, and how it ended. */
    private record Outcome(int exit, String text) {}

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void tellsOfALiveBusAndChangesNothing() throws Exception {
        try (FileBus bus = FileBus.at(directory).replicaName("the first").open();
                Reader reader = bus.newReader(StartFrom.latest())) {
            publish(bus);
            assertThat(reader.position()).isZero();
            JsonNode report = new ObjectMapper()
                    .readTree(inspect(directory.toString(), "--json", "--messages", "2")
                            .text());
            assertThat(report.path("newest").asLong()).isEqualTo(301);
            assertThat(report.path("ofThisBoot").asBoolean()).isTrue();
            JsonNode participant = report.path("participants").path(0);
            assertThat(participant.path("name").asText()).isEqualTo("the first");
            assertThat(participant.path("alive").asBoolean()).isTrue();
            assertThat(participant.path("pid").asLong())
                    .isEqualTo(ProcessHandle.current().pid());
            assertThat(report.path("topics").path(0).path("topic").asText()).isEqualTo("loud");
            assertThat(report.path("topics").path(0).path("messages").asLong()).isEqualTo(300);
            assertThat(report.path("topics").path(1).path("messages").asLong()).isEqualTo(1);
            assertThat(report.path("lastMessages")).hasSize(2);
            assertThat(report.path("lastMessages").path(1).path("beginning").asText())
                    .isEqualTo("whisper");
            assertThat(bus.publisher().publish(LOUD, "goes on")).isEqualTo(302);
        }
    }

    @Test
    void tellsOfADeadBus() throws Exception {
        try (FileBus bus = FileBus.open(directory)) {
            publish(bus);
        }
        assertThat(inspect(directory.toString()).text()).contains("positions    1 to 301", "loud", "whisper");
        Outcome verified = inspect("verify", directory.toString());
        assertThat(verified.exit()).isZero();
        assertThat(verified.text()).contains("301 messages are intact, 0 are not");
    }

    @Test
    void findsWhatIsDamaged() throws Exception {
        try (FileBus bus = FileBus.open(directory)) {
            publish(bus);
        }
        try (Stream<Path> files = Files.list(directory.resolve("dat"));
                RandomAccessFile file =
                        new RandomAccessFile(files.findFirst().orElseThrow().toFile(), "rw")) {
            file.seek(firstRecordIn(file) + DataLayout.payloadOffset(LOUD.utf8Length()));
            file.write('X');
        }
        Outcome verified = inspect("verify", directory.toString());
        assertThat(verified.exit()).isEqualTo(1);
        assertThat(verified.text()).contains("300 messages are intact, 1 are not", "position 1 is lost");
    }

    @Test
    void findsWhatWouldBeTrimmedSilently() throws Exception {
        try (FileBus bus = FileBus.open(directory)) {
            publish(bus);
        }
        try (Stream<Path> files = Files.list(directory.resolve("dat"));
                RandomAccessFile file =
                        new RandomAccessFile(files.findFirst().orElseThrow().toFile(), "rw")) {
            file.seek(DataLayout.bucketAt(firstRecordIn(file)));
            file.writeShort(~DataLayout.bucketOf(LOUD.hash()));
        }
        Outcome verified = inspect("verify", directory.toString());
        assertThat(verified.exit()).isEqualTo(1);
        assertThat(verified.text()).contains("position 1 is not noted for its topic");
    }

    private static int firstRecordIn(RandomAccessFile segment) throws IOException {
        return DataLayout.firstRecordAt((int) segment.length());
    }

    @Test
    void saysInOneLineWhatIsWrong() throws Exception {
        Outcome nothing = inspect(scratch.path().resolve("nothing").toString());
        assertThat(nothing.exit()).isEqualTo(1);
        assertThat(nothing.text().lines()).hasSize(1).first().asString().contains("is not a bus");
        Outcome unknown = inspect("--sideways");
        assertThat(unknown.exit()).isEqualTo(2);
        assertThat(unknown.text().lines()).hasSize(1).first().asString().contains("--sideways");
    }

    private static void publish(FileBus bus) {
        for (int i = 0; i < 300; i++) {
            bus.publisher().publish(LOUD, "shout " + i);
        }
        bus.publisher().publish(QUIET, "whisper");
    }

    private static Outcome inspect(String... args) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(JvmCommand.forMain(InspectMain.class, args))
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), text);
    }
}
