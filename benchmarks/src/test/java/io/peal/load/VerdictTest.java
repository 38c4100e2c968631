package io.peal.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.load.Ledger.Segment;
import org.junit.jupiter.api.Test;

final class VerdictTest {

    private final Ledger ledger = new Ledger();

    @Test
    void acceptsEverythingOnceAndInOrder() {
        publish(10, 11, 12);
        receive(opened(1, 0), 0, 1, 2);
        receive(opened(2, 0), 0, 1, 2);
        assertVerdict(6, 0, 0, 0, 0);
    }

    @Test
    void findsWhatIsMissingInTheMiddle() {
        publish(10, 11, 12);
        receive(opened(1, 0), 0, 2);
        assertVerdict(2, 1, 0, 0, 0);
        assertThat(Verdict.of(ledger).examples()).containsExactly("client 1: message 1 (position 11) is missing");
    }

    @Test
    void findsWhatIsMissingAtTheEndOfAStandingConnection() {
        publish(10, 11, 12);
        receive(opened(1, 0), 0, 1);
        assertVerdict(2, 1, 0, 0, 0);
    }

    @Test
    void findsThatAStandingConnectionReceivedNothing() {
        publish(10, 11);
        opened(1, 0);
        assertVerdict(0, 2, 0, 0, 0);
    }

    @Test
    void expectsOfAnEndedConnectionOnlyWhatCameBeforeItsLastMessage() {
        publish(10, 11, 12, 13);
        Segment ended = opened(1, 0);
        receive(ended, 0, 1);
        ended.ended();
        receive(opened(1, 3), 3);
        assertVerdict(3, 0, 0, 0, 1);
    }

    @Test
    void expectsOfALateConnectionOnlyWhatWasSentAfterItsHello() {
        publish(10, 11, 12);
        receive(opened(1, 2), 2);
        assertVerdict(1, 0, 0, 0, 2);
    }

    @Test
    void expectsEverythingBehindTheFirstMessageWhenverItWasSent() {
        publish(10, 11, 12);
        receive(opened(1, 3), 0, 2);
        assertVerdict(2, 1, 0, 0, 0);
    }

    @Test
    void findsDuplicatesWithinAConnectionAndAcrossReconnects() {
        publish(10, 11);
        Segment first = opened(1, 0);
        receive(first, 0, 0);
        first.ended();
        receive(opened(1, 0), 0, 1);
        assertVerdict(4, 0, 2, 0, 0);
    }

    @Test
    void findsWhatIsOutOfOrder() {
        publish(10, 11, 12);
        receive(opened(1, 0), 0, 2, 1);
        assertVerdict(3, 0, 0, 1, 0);
    }

    @Test
    void letsAnUnacknowledgedMessageComeOrNot() {
        publish(10, 0, 12);
        receive(opened(1, 0), 0, 1, 2);
        receive(opened(2, 0), 0, 2);
        assertVerdict(5, 0, 0, 0, 0);
        assertThat(ledger.unacknowledged()).isEqualTo(1);
    }

    @Test
    void findsAnUnacknowledgedMessageThatCameTwice() {
        publish(10, 0, 12);
        receive(opened(1, 0), 0, 1, 1, 2);
        assertVerdict(4, 0, 1, 0, 0);
    }

    @Test
    void findsAnUnacknowledgedMessageThatCameAtTwoPlaces() {
        publish(10, 0, 12);
        receive(opened(1, 0), 0, 1, 2);
        receive(opened(2, 0), 0, 2, 1);
        assertVerdict(6, 0, 0, 1, 0);
    }

    /** Publishes messages at these positions, 0 for unacknowledged; the n-th one is sent at time n. */
    private void publish(long... positions) {
        for (long position : positions) {
            int id = ledger.publishing(ledger.published());
            if (position != Ledger.UNACKNOWLEDGED) {
                ledger.acknowledged(id, position);
            }
        }
    }

    private Segment opened(int client, long ns) {
        return ledger.opened(client, ns);
    }

    private static void receive(Segment segment, int... ids) {
        for (int id : ids) {
            segment.received(id);
        }
    }

    private void assertVerdict(long delivered, long lost, long duplicated, long outOfOrder, long missed) {
        Verdict verdict = Verdict.of(ledger);
        assertThat(new long[] {
                    verdict.delivered(),
                    verdict.lost(),
                    verdict.duplicated(),
                    verdict.outOfOrder(),
                    verdict.missedWhileAway()
                })
                .as("delivered, lost, duplicated, out of order, missed while away")
                .containsExactly(delivered, lost, duplicated, outOfOrder, missed);
    }
}
