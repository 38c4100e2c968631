package io.peal.load;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;

/**
 * Everything that was published in a run, and what each client has received of it: judged as it comes, so that a run of any
 * length fits into memory. Thread-safe; {@link Verdict} reads it when all have stopped.
 */
final class Ledger {

    /** A position that is not known. */
    static final long UNKNOWN = 0;

    /** What one client has received, over all its connections. Guarded by the ledger. */
    static final class Client {

        final int number;
        final BitSet received = new BitSet();
        private long from = Long.MAX_VALUE; // everything behind it is for this client
        private long last; // the newest position it has
        private long duplicated;
        private long outOfOrder;

        private Client(int number) {
            this.number = number;
        }

        long from() {
            return from;
        }

        long duplicated() {
            return duplicated;
        }

        long outOfOrder() {
            return outOfOrder;
        }
    }

    private final Map<Integer, Client> clients = new TreeMap<>();
    private long[] acknowledgedAt = new long[1024]; // by message
    private long[] seenAt = new long[1024]; // by message: where the first client that received it was told it is
    private int published;
    private int acknowledged;
    private long misplaced;
    private long deliveries;

    /** Notes that a message is about to be published; its number is returned. */
    synchronized int publishing() {
        if (published == acknowledgedAt.length) {
            acknowledgedAt = Arrays.copyOf(acknowledgedAt, published * 2);
            seenAt = Arrays.copyOf(seenAt, published * 2);
        }
        return published++;
    }

    /** Notes that a message was published at a position. */
    synchronized void acknowledged(int message, long position) {
        acknowledgedAt[message] = position;
        acknowledged++;
    }

    /** Notes that a client gets everything behind a position; only the first time counts. */
    synchronized void subscribed(int client, long position) {
        Client known = client(client);
        if (known.from == Long.MAX_VALUE) {
            known.from = position;
            known.last = position;
        }
    }

    /** Notes that a message arrived at a client, which was told that it is at this position; false if it is no message of ours. */
    synchronized boolean received(int client, int message, long position) {
        if (message < 0 || message >= published) {
            return false;
        }
        Client known = client(client);
        deliveries++;
        if (known.received.get(message)) {
            known.duplicated++;
        } else if (position <= known.last) {
            known.outOfOrder++;
        }
        known.received.set(message);
        known.last = Math.max(known.last, position);
        if (seenAt[message] == UNKNOWN) {
            seenAt[message] = position;
        } else if (seenAt[message] != position) {
            misplaced++;
        }
        return true;
    }

    synchronized int published() {
        return published;
    }

    synchronized int unacknowledged() {
        return published - acknowledged;
    }

    synchronized long deliveries() {
        return deliveries;
    }

    /** How often two clients, or a client and the publisher, were told different positions of one message. */
    synchronized long misplaced() {
        long all = misplaced;
        for (int message = 0; message < published; message++) {
            boolean known = seenAt[message] != UNKNOWN && acknowledgedAt[message] != UNKNOWN;
            all += known && seenAt[message] != acknowledgedAt[message] ? 1 : 0;
        }
        return all;
    }

    /** Where a message is in the log; {@link #UNKNOWN} if nobody has seen it, and its publication was not acknowledged. */
    synchronized long position(int message) {
        return acknowledgedAt[message] == UNKNOWN ? seenAt[message] : acknowledgedAt[message];
    }

    /** All clients there are, while nobody changes anything. */
    synchronized Map<Integer, Client> clients() {
        return new TreeMap<>(clients);
    }

    private Client client(int number) {
        return clients.computeIfAbsent(number, Client::new);
    }
}
