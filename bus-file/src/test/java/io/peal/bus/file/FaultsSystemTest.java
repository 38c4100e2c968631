package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.peal.bus.BusException;
import io.peal.bus.spi.WallClock;
import io.peal.testkit.JvmCommand;
import io.peal.testkit.ReplicaProcess;
import io.peal.testkit.TestDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the machine may deny: room, file descriptors, the right to write, a steady clock. */
@Timeout(240)
class FaultsSystemTest {

    private static final Duration LIMIT = Duration.ofMinutes(2);

    private static final Pattern TOLD = Pattern.compile(
            "full .*: \\d+ files without room; told (?<opening>\\d+) openings, (?<publisher>\\d+) times the publisher,"
                    + " 0 readers, 0 handlers; published (?<published>\\d+), read (?<read>\\d+),"
                    + " delivered (?<delivered>\\d+); oldest (?<oldest>\\d+)");

    private final TestDirectory scratch = new TestDirectory();

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void fileThatDoesNotFitIsToldToThePublisherAndNobodyElse() throws Exception {
        List<String> directories = IntStream.rangeClosed(1, 16)
                .mapToObj(creation ->
                        scratch.path().resolve("creation" + creation).toString())
                .toList();
        try (ReplicaProcess process = startFull(List.of(), directories)) {
            for (int i = 0; i < directories.size(); i++) {
                assertThat(toldIn(process)).doesNotContain(": 0 files without room");
            }
            process.awaitLine("done"::equals, "done", LIMIT);
        }
    }

    @Test
    void smallFileSystemIsToldToThePublisherAndNobodyElse() throws Exception {
        assumeThat(canMount()).as("may mount a file system of its own").isTrue();
        List<String> directories = IntStream.rangeClosed(1, 16)
                .mapToObj(i -> scratch.path().resolve("room" + (i - 1) * 32).toString())
                .toList();
        for (String directory : directories) {
            Files.createDirectories(Path.of(directory));
        }
        String mountAll = "for d in " + String.join(" ", directories)
                + "; do mount -t tmpfs -o size=16m tmpfs $d; done; exec \"$@\"";
        try (ReplicaProcess process = startFull(List.of("unshare", "-rm", "sh", "-ec", mountAll, "sh"), directories)) {
            for (int i = 0; i < directories.size(); i++) {
                toldIn(process);
            }
            process.awaitLine("done"::equals, "done", LIMIT);
        }
    }

    @Test
    void unfinishedFileThatOthersDeleteIsMadeAgain() throws Exception {
        try (ReplicaProcess process = start(List.of(), "unfinished")) {
            assertThat(process.awaitLine(text -> text.contains("deleted; "), "a result", LIMIT))
                    .doesNotStartWith("0 deleted")
                    .contains(
                            "told 0 openings, 0 times the publisher, 0 readers, 0 handlers; published 3000, read 6000,");
        }
    }

    /** What a process says of one directory, which has to be: nobody was told but who can do something, and nothing is lost. */
    private static String toldIn(ReplicaProcess process) throws Exception {
        String line = process.awaitLine(text -> text.startsWith("full "), "a result", LIMIT);
        Matcher told = TOLD.matcher(line);
        assertThat(line).matches(TOLD);
        assertThat(told.matches()).isTrue();
        int published = Integer.parseInt(told.group("published"));
        assertThat(published).as(line).isPositive();
        assertThat(told.group("read")).as(line).isEqualTo(String.valueOf(2 * published));
        assertThat(told.group("delivered")).as(line).isEqualTo(String.valueOf(published));
        boolean refused =
                !told.group("opening").equals("0") || !told.group("publisher").equals("0");
        boolean trimmed = !told.group("oldest").equals("1"); // old messages made room for new ones
        assertThat(refused || trimmed).as(line).isTrue();
        return line;
    }

    private static boolean canMount() throws IOException, InterruptedException {
        try {
            return new ProcessBuilder("unshare", "-rm", "true").start().waitFor() == 0;
        } catch (IOException notInstalled) {
            return false;
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
    void openingThatFailsForWantOfFileDescriptorsLeavesNothingBehind() throws Exception {
        try (ReplicaProcess process = startWithFewDescriptors("opening")) {
            assertThat(process.awaitLine(text -> text.contains(" failed, "), "a result", LIMIT))
                    .isEqualTo("some failed, which left 0 places, 0 descriptors, threads []");
            assertThat(process.awaitLine("the next one", LIMIT)).isEqualTo("the next one is in slot 0");
        }
    }

    @Test
    void whatCannotBeOpenedForWantOfFileDescriptorsIsNotTakenForLost() throws Exception {
        try (ReplicaProcess process = startWithFewDescriptors("using")) {
            assertThat(process.awaitLine("refused ", LIMIT))
                    .isEqualTo("refused [age, catching up, durability, reading, seal]");
            assertThat(process.awaitLine("then read ", LIMIT)).isEqualTo("then read 4000 and 1000, gaps 0, errors []");
        }
    }

    private ReplicaProcess startWithFewDescriptors(String what) {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -n 100; exec \"$@\"", "sh"));
        command.addAll(JvmCommand.forMain(
                FewDescriptorsMain.class, what, scratch.path().resolve("bus").toString()));
        return ReplicaProcess.start(command);
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
        return start(prefix, List.of(what, scratch.path().resolve("bus").toString()));
    }

    private static ReplicaProcess startFull(List<String> prefix, List<String> directories) throws IOException {
        return start(
                prefix, Stream.concat(Stream.of("full"), directories.stream()).toList());
    }

    private static ReplicaProcess start(List<String> prefix, List<String> arguments) throws IOException {
        List<String> java = new ArrayList<>(JvmCommand.forMain(FaultsMain.class, arguments.toArray(String[]::new)));
        java.add(1, "-Dio.peal.bus.file.steps=true");
        List<String> command = new ArrayList<>(prefix);
        command.addAll(java);
        return ReplicaProcess.start(command);
    }
}
