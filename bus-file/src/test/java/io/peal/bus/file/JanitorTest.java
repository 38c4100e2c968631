package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.testkit.TestDirectory;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is done where there is no room, step by step: no second goes by here. */
class JanitorTest {

    private static final Topic TOPIC = Topic.of("topic");
    private static final Geometry GEOMETRY = new Geometry(Geometry.MIN_INDEX_SLOTS_LOG2, 64 * 1024);
    private static final int LEAVING = 1; // writers, in the order in which they join
    private static final int PAYLOAD = 1_000;

    private final TestDirectory scratch = new TestDirectory();
    private final BusDirectory directory = BusDirectory.prepare(scratch.path().resolve("bus"), false);
    private final Control control = Control.openOrCreate(directory, GEOMETRY);
    private final Queue<Throwable> errors = new ConcurrentLinkedQueue<>();
    private LogHome staying;

    @BeforeEach
    void leaveSomeSegmentsBehind() {
        control.retainLength(64L << 20); // so that nothing is trimmed unless a test does it
        LogHome leaving = join();
        publish(leaving, 500);
        leaving.stop();
        leaving.close();
        staying = join();
    }

    @AfterEach
    void clean() {
        staying.stop();
        staying.close();
        scratch.close();
        assertThat(errors).isEmpty();
    }

    @Test
    void whatIsTrimmedAlreadyIsDeletedBeforeMoreIsTrimmed() {
        long newest = staying.log().newest();
        publish(staying, 500);
        staying.log().trimTo(newest + 1);
        assertThat(dataFilesOf(LEAVING)).isGreaterThan(5);

        staying.janitor().trimHarder();

        assertThat(dataFilesOf(LEAVING)).isZero();
        assertThat(control.oldest()).isEqualTo(newest + 1);
    }

    @Test
    void halfIsTrimmedWhereThereIsNothingToDelete() {
        long segments = dataFilesOf(LEAVING);

        staying.janitor().trimHarder();

        assertThat(control.oldest()).isGreaterThan(1);
        assertThat(dataFilesOf(LEAVING)).isBetween(segments / 2 - 1, segments / 2 + 1);
    }

    @Test
    void lengthCountsTheSegmentsOfAllWriters() {
        publish(staying, 500);
        long before = sealed();
        assertThat(before).isGreaterThan(12);

        control.retainLength(12L * GEOMETRY.dataSegmentLength());
        staying.janitor().trim();

        assertThat(sealed()).isEqualTo(12);
    }

    private LogHome join() {
        return new LogHome(directory, control, "janitor test", errors::add);
    }

    private static void publish(LogHome home, int messages) {
        for (int i = 0; i < messages; i++) {
            home.log().publish(TOPIC, ByteBuffer.allocate(PAYLOAD), PayloadKind.BINARY);
        }
    }

    private long dataFilesOf(int writer) {
        return directory.dataFiles().stream()
                .filter(file -> file.writerId() == writer)
                .count();
    }

    /** How many sealed segments the log still reaches into. */
    private long sealed() {
        return new Seals(directory).between(control.oldest(), staying.log().newest()).length;
    }
}
