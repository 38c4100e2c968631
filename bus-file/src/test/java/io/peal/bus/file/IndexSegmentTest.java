package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IndexSegmentTest {

    /** Never true elsewhere, and false now and then where it holds: who asks it goes by {@code holds} then. */
    @ParameterizedTest
    @ValueSource(ints = {6, 7, 18, 24})
    void holdsAllOfARunButItsFirst(int slotsLog2) {
        for (long number : new long[] {0, 1, 5, 1L << 30}) {
            IndexSegment segment = new IndexSegment(ByteBuffer.allocate(0), number, slotsLog2);
            long begin = number << slotsLog2;
            long end = (number + 1) << slotsLog2;
            for (long edge : new long[] {begin, (begin + end) / 2, end}) {
                for (long position = Math.max(0, edge - 100); position < edge + 100; position++) {
                    boolean isFirst = position % IndexSegment.RUN == 0;
                    assertThat(segment.holdsWithinRun(position))
                            .as("position %s of %s to %s", position, begin, end)
                            .isEqualTo(segment.holds(position) && !isFirst);
                }
            }
        }
    }
}
