package io.peal.load.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class TallyTest {

    private final Tally tally = new Tally(2);

    @Test
    void messagesInOrderAreReceived() {
        receive(0, 1, 2, 3);
        receive(1, 1);
        tally.end(new long[] {3, 1});
        check(4, 0, 0, 0);
    }

    @Test
    void messagesFromBeforeTheSubscriptionDoNotCount() {
        tally.begin(new long[] {10, 0});
        receive(0, 9, 10, 11);
        tally.end(new long[] {11, 0});
        check(1, 0, 0, 0);
    }

    @Test
    void gapIsMissing() {
        receive(0, 1, 5);
        tally.end(new long[] {5, 0});
        check(2, 3, 0, 0);
    }

    @Test
    void whatIsNotThereAtTheEndIsMissing() {
        receive(0, 1);
        tally.end(new long[] {3, 2});
        check(1, 4, 0, 0);
    }

    @Test
    void lateMessageIsOutOfOrderAndNotMissing() {
        receive(0, 1, 4, 2, 3);
        tally.end(new long[] {4, 0});
        check(4, 0, 0, 2);
    }

    @Test
    void messageThatComesAgainIsDuplicated() {
        receive(0, 1, 2, 2, 1, 4, 3, 3);
        tally.end(new long[] {4, 0});
        check(4, 0, 3, 1);
    }

    @Test
    void whatComesAfterSixtyFourOthersIsTakenForDuplicated() {
        receive(0, 1, 3);
        for (int number = 4; number <= 70; number++) {
            receive(0, number);
        }
        receive(0, 2);
        tally.end(new long[] {70, 0});
        check(69, 1, 1, 0);
    }

    @Test
    void gapOfMoreThanSixtyFourForgetsWhatWasBefore() {
        receive(0, 1, 200, 199);
        tally.end(new long[] {200, 0});
        check(3, 197, 0, 1);
    }

    @Test
    void unknownPublisherIsNotCounted() {
        receive(7, 1);
        check(0, 0, 0, 0);
    }

    private void receive(int publisher, long... numbers) {
        Arrays.stream(numbers).forEach(number -> tally.received(publisher, number));
    }

    private void check(long received, long missing, long duplicated, long outOfOrder) {
        assertThat(tally.received()).as("received").isEqualTo(received);
        assertThat(tally.missing()).as("missing").isEqualTo(missing);
        assertThat(tally.duplicated()).as("duplicated").isEqualTo(duplicated);
        assertThat(tally.outOfOrder()).as("out of order").isEqualTo(outOfOrder);
    }
}
