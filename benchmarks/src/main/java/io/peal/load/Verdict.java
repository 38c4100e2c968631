package io.peal.load;

import java.util.ArrayList;
import java.util.List;

/**
 * What a {@link Ledger} shows: how many deliveries were right, and which were not.
 *
 * <p>Each client must have received, whatever became of its connections, every message behind the position it first subscribed
 * at: those whose publication was acknowledged, and those that any client has received, because then they were published. What
 * is missing is <em>lost</em>. What a client has received again is <em>duplicated</em>. What is not behind everything that it
 * has received before, or at another position than others were told, is <em>out of order</em>.
 */
final class Verdict {

    private static final int EXAMPLES = 10;

    private final List<String> examples = new ArrayList<>();
    private long delivered;
    private long lost;
    private long duplicated;
    private long outOfOrder;

    private Verdict() {}

    /** Judges a run, as far as it has come. */
    static Verdict of(Ledger ledger) {
        Verdict verdict = new Verdict();
        verdict.judge(ledger);
        return verdict;
    }

    private void judge(Ledger ledger) {
        delivered = ledger.deliveries();
        outOfOrder = ledger.misplaced();
        note(outOfOrder, "messages have more than one position");
        for (Ledger.Client client : ledger.clients().values()) {
            duplicated += client.duplicated();
            outOfOrder += client.outOfOrder();
            note(client.duplicated(), "messages came again to client " + client.number);
            note(client.outOfOrder(), "messages came late to client " + client.number);
            lookForLost(ledger, client);
        }
    }

    private void lookForLost(Ledger ledger, Ledger.Client client) {
        for (int message = 0; message < ledger.published(); message++) {
            long position = ledger.position(message);
            if (position > client.from() && !client.received.get(message)) {
                lost++;
                note(1, "client " + client.number + " misses message " + message + " (position " + position + ")");
            }
        }
    }

    long delivered() {
        return delivered;
    }

    long lost() {
        return lost;
    }

    long duplicated() {
        return duplicated;
    }

    long outOfOrder() {
        return outOfOrder;
    }

    /** The first few findings, in words. */
    List<String> examples() {
        return List.copyOf(examples);
    }

    private void note(long count, String what) {
        if (count > 0 && examples.size() < EXAMPLES) {
            examples.add(count == 1 ? what : count + " " + what);
        }
    }
}
