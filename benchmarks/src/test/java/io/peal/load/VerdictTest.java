package io.peal.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class VerdictTest {

    private final Ledger ledger = new Ledger();

    @Test
    void acceptsEverythingOnceAndInOrder() {
        publish(10, 11, 12);
        receive(1, 0, 10, 11, 12);
        receive(2, 0, 10, 11, 12);
        assertVerdict(6, 0, 0, 0);
    }

    @Test
    void findsWhatIsMissingInTheMiddleAndAtTheEnd() {
        publish(10, 11, 12, 13);
        receive(1, 0, 10, 12);
        assertVerdict(2, 2, 0, 0);
        assertThat(Verdict.of(ledger).examples())
                .containsExactly("client 1 misses message 1 (position 11)", "client 1 misses message 3 (position 13)");
    }

    @Test
    void findsAClientThatReceivedNothing() {
        publish(10, 11);
        receive(1, 0);
        assertVerdict(0, 2, 0, 0);
    }

    @Test
    void expectsOnlyWhatIsBehindTheFirstSubscription() {
        publish(10, 11, 12);
        receive(1, 11, 12);
        ledger.subscribed(1, 12); // as a second connection would, that could not resume: it does not excuse anything
        assertVerdict(1, 0, 0, 0);
        publish(13);
        assertVerdict(1, 1, 0, 0);
    }

    @Test
    void findsDuplicates() {
        publish(10, 11);
        receive(1, 0, 10, 10, 11, 10);
        assertVerdict(4, 0, 2, 0);
    }

    @Test
    void findsWhatIsOutOfOrder() {
        publish(10, 11, 12);
        receive(1, 0, 10, 12, 11);
        assertVerdict(3, 0, 0, 1);
    }

    @Test
    void findsPositionsThatDiffer() {
        publish(10, 0);
        receive(1, 0, 10);
        ledger.received(1, 1, 20);
        receive(2, 0);
        ledger.received(2, 0, 11);
        ledger.received(2, 1, 21);
        assertVerdict(4, 0, 0, 2);
    }

    @Test
    void findsAPositionThatIsNotTheAcknowledgedOne() {
        publish(10);
        receive(1, 0);
        ledger.received(1, 0, 11);
        assertVerdict(1, 0, 0, 1);
    }

    @Test
    void anUnacknowledgedMessageComesToAllOrNone() {
        publish(10, 0, 0, 13);
        receive(1, 0, 10);
        ledger.received(1, 1, 11);
        ledger.received(1, 3, 13);
        receive(2, 0, 10, 13);
        assertVerdict(5, 1, 0, 0);
        assertThat(ledger.unacknowledged()).isEqualTo(2);
    }

    @Test
    void knowsOtherMessages() {
        assertThat(ledger.received(1, 0, 5)).isFalse();
        assertThat(ledger.received(1, -1, 5)).isFalse();
    }

    /** Publishes messages at these positions, 0 for unacknowledged. */
    private void publish(long... positions) {
        for (long position : positions) {
            int message = ledger.publishing();
            if (position != Ledger.UNKNOWN) {
                ledger.acknowledged(message, position);
            }
        }
    }

    /** Lets a client subscribe behind a position, and receive the messages at these positions. */
    private void receive(int client, long from, long... positions) {
        ledger.subscribed(client, from);
        for (long position : positions) {
            for (int message = 0; message < ledger.published(); message++) {
                if (ledger.position(message) == position) {
                    ledger.received(client, message, position);
                }
            }
        }
    }

    private void assertVerdict(long delivered, long lost, long duplicated, long outOfOrder) {
        Verdict verdict = Verdict.of(ledger);
        assertThat(new long[] {verdict.delivered(), verdict.lost(), verdict.duplicated(), verdict.outOfOrder()})
                .as("delivered, lost, duplicated, out of order")
                .containsExactly(delivered, lost, duplicated, outOfOrder);
    }
}
