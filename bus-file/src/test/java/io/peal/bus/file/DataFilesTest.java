package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peal.bus.BusException;
import io.peal.testkit.TestDirectory;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What readers have mapped follows files under the names they get. */
class DataFilesTest {

    private static final int LENGTH = 64 * 1024;
    private static final int WRITER = 7;

    private final TestDirectory scratch = new TestDirectory();
    private final BusDirectory directory = BusDirectory.prepare(scratch.path().resolve("bus"), false);
    private final UUID busId = UUID.randomUUID();
    private final DataFiles files = new DataFiles(directory, busId, LENGTH);

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void fileThatIsUsedAgainIsKnownByItsNewestNameAlone() {
        DataSegment segment = create(0);
        for (int number = 1; number <= 1_000; number++) {
            files.memory(WRITER, segment.number());
            segment = segment.recycle(directory, busId, number);
        }
        assertThat(files.memory(WRITER, 1_000).getLong(DataLayout.SEGMENT_NUMBER_AT))
                .isEqualTo(1_000);
        assertThat(files.names()).isEqualTo(1);
    }

    @Test
    void segmentThatHasBecomeAnotherIsNotHandedOutAsWhatItWas() {
        DataSegment segment = create(0);
        files.memory(WRITER, 0);
        segment.recycle(directory, busId, 1);
        assertThatThrownBy(() -> files.memory(WRITER, 0)).isInstanceOf(BusException.class);
    }

    @Test
    void filesThatAreDeletedAreForgotten() {
        for (int number = 0; number < 3; number++) {
            create(number).seal(10 + number);
            files.memory(WRITER, number);
        }
        SegmentFiles.delete(directory.data(WRITER, 0));
        SegmentFiles.delete(directory.data(WRITER, 1));
        files.forgetDeleted(11); // so the second may still be needed
        assertThat(files.names()).isEqualTo(2);
        files.forgetDeleted(12);
        assertThat(files.names()).isEqualTo(1);
    }

    @Test
    void thereIsALimitToWhatIsKept() {
        for (int number = 0; number < 300; number++) {
            create(number);
            files.memory(WRITER, number);
        }
        assertThat(files.names()).isEqualTo(256);
        assertThat(files.memory(WRITER, 0).getLong(DataLayout.SEGMENT_NUMBER_AT))
                .isZero();
    }

    private DataSegment create(long number) {
        return DataSegment.create(directory, busId, WRITER, number, LENGTH, SegmentFiles.WITHOUT_REST);
    }
}
