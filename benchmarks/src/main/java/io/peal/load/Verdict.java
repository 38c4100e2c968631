package io.peal.load;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What a {@link Ledger} shows: how many deliveries were right, and which were not.
 *
 * <p>A <em>segment</em> is one connection of a client. It must have received
 *
 * <ul>
 *   <li>every acknowledged message between the first and the last one it received, by position;
 *   <li>every acknowledged message that was sent after its hello had arrived, up to the last message it received if it has
 *       ended, or up to the end of the run if it stands.
 * </ul>
 *
 * What is missing there is <em>lost</em>. What a client has in none of its segments, and which is not lost, was <em>missed
 * while away</em>. A message that a client has twice, in one segment or in two, is <em>duplicated</em>. Positions that do
 * not rise within a segment are <em>out of order</em>; a message without a known position, because its publication was
 * not acknowledged, is out of order when no position would fit what all segments show around it.
 */
final class Verdict {

    private static final int EXAMPLES = 10;

    private final Ledger ledger;
    private final int[] byPosition; // the acknowledged messages
    private final Map<Integer, BitSet> receivedByClient = new HashMap<>();
    private final Map<Integer, BitSet> lostByClient = new HashMap<>();
    private final Map<Integer, long[]> bounds = new HashMap<>(); // of unacknowledged messages: after, before
    private final List<String> examples = new ArrayList<>();
    private long delivered;
    private long lost;
    private long duplicated;
    private long outOfOrder;
    private long missedWhileAway;

    private Verdict(Ledger ledger) {
        this.ledger = ledger;
        this.byPosition = IntStream.range(0, ledger.published())
                .filter(id -> ledger.position(id) != Ledger.UNACKNOWLEDGED)
                .boxed()
                .sorted(Comparator.comparingLong(ledger::position))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /** Judges a run that has ended. */
    static Verdict of(Ledger ledger) {
        Verdict verdict = new Verdict(ledger);
        for (Ledger.Segment segment : ledger.segments()) {
            verdict.checkOrder(segment);
        }
        for (Ledger.Segment segment : ledger.segments()) {
            verdict.checkCompleteness(segment);
        }
        verdict.checkUnacknowledged();
        verdict.countMissed();
        return verdict;
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

    long missedWhileAway() {
        return missedWhileAway;
    }

    /** The first few deliveries that were wrong, in words. */
    List<String> examples() {
        return List.copyOf(examples);
    }

    private void checkOrder(Ledger.Segment segment) {
        BitSet received = receivedByClient.computeIfAbsent(segment.client, client -> new BitSet());
        long last = 0;
        List<Integer> unknown = new ArrayList<>();
        for (int i = 0; i < segment.size(); i++) {
            int id = segment.id(i);
            delivered++;
            if (received.get(id)) {
                duplicated++;
                note(segment, id, "was received twice");
                continue;
            }
            received.set(id);
            long position = ledger.position(id);
            if (position == Ledger.UNACKNOWLEDGED) {
                boundsOf(id)[0] = Math.max(boundsOf(id)[0], last);
                unknown.add(id);
                continue;
            }
            for (int before : unknown) {
                boundsOf(before)[1] = Math.min(boundsOf(before)[1], position);
            }
            unknown.clear();
            if (position <= last) {
                outOfOrder++;
                note(segment, id, "came after position " + last);
            }
            last = Math.max(last, position);
        }
    }

    private void checkCompleteness(Ledger.Segment segment) {
        long first = Long.MAX_VALUE;
        long last = 0;
        BitSet received = new BitSet();
        for (int i = 0; i < segment.size(); i++) {
            int id = segment.id(i);
            long position = ledger.position(id);
            received.set(id);
            if (position != Ledger.UNACKNOWLEDGED) {
                first = Math.min(first, position);
                last = Math.max(last, position);
            }
        }
        long end = segment.isStanding() ? Long.MAX_VALUE : last;
        for (int id : byPosition) {
            long position = ledger.position(id);
            boolean due = position > first || ledger.sentNs(id) >= segment.openedNs;
            if (due && position <= end && !received.get(id)) {
                lost++;
                lostByClient
                        .computeIfAbsent(segment.client, client -> new BitSet())
                        .set(id);
                note(segment, id, "is missing");
            }
        }
    }

    private void checkUnacknowledged() {
        bounds.forEach((id, range) -> {
            if (range[0] >= range[1]) {
                outOfOrder++;
                note("message " + id + " (unacknowledged) came after position " + range[0]
                        + " at one client and before " + range[1] + " at another");
            }
        });
    }

    private void countMissed() {
        receivedByClient.forEach((client, received) -> {
            BitSet lostHere = lostByClient.getOrDefault(client, new BitSet());
            for (int id : byPosition) {
                if (!received.get(id) && !lostHere.get(id)) {
                    missedWhileAway++;
                }
            }
        });
    }

    private long[] boundsOf(int id) {
        return bounds.computeIfAbsent(id, unknown -> new long[] {0, Long.MAX_VALUE});
    }

    private void note(Ledger.Segment segment, int id, String what) {
        note("client " + segment.client + ": message " + id + " (position " + ledger.position(id) + ") " + what);
    }

    private void note(String example) {
        if (examples.size() < EXAMPLES) {
            examples.add(example);
        }
    }
}
