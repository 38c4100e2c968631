package io.peal.load;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Everything that was published in a run, and everything each connection received. Thread-safe; {@link Verdict} reads it
 * when all have stopped.
 */
final class Ledger {

    /** A position that is not known: the publication was not acknowledged, so it may or may not have happened. */
    static final long UNACKNOWLEDGED = 0;

    /** What one connection received from its hello to its end. Thread-safe. */
    static final class Segment {

        final int client;
        final long openedNs;
        private int[] ids = new int[64];
        private int size;
        private boolean standing = true;

        private Segment(int client, long openedNs) {
            this.client = client;
            this.openedNs = openedNs;
        }

        /** Notes that a message arrived. */
        synchronized void received(int id) {
            if (size == ids.length) {
                ids = Arrays.copyOf(ids, size * 2);
            }
            ids[size++] = id;
        }

        /** Notes that the connection has ended. */
        synchronized void ended() {
            standing = false;
        }

        synchronized boolean isStanding() {
            return standing;
        }

        synchronized int size() {
            return size;
        }

        synchronized int id(int index) {
            return ids[index];
        }
    }

    private final List<Segment> segments = new ArrayList<>();
    private long[] sentNs = new long[1024];
    private long[] positions = new long[1024];
    private int published;
    private int acknowledged;

    /** Notes that a message is about to be published; its number is returned. */
    synchronized int publishing(long nowNs) {
        if (published == positions.length) {
            positions = Arrays.copyOf(positions, published * 2);
            sentNs = Arrays.copyOf(sentNs, published * 2);
        }
        sentNs[published] = nowNs;
        return published++;
    }

    /** Notes that a message was published at a position. */
    synchronized void acknowledged(int id, long position) {
        positions[id] = position;
        acknowledged++;
    }

    /** Notes that a client's connection has begun. */
    synchronized Segment opened(int client, long nowNs) {
        Segment segment = new Segment(client, nowNs);
        segments.add(segment);
        return segment;
    }

    synchronized int published() {
        return published;
    }

    synchronized int unacknowledged() {
        return published - acknowledged;
    }

    synchronized List<Segment> segments() {
        return List.copyOf(segments);
    }

    synchronized boolean isKnown(int id) {
        return id >= 0 && id < published;
    }

    synchronized long position(int id) {
        return positions[id];
    }

    synchronized long sentNs(int id) {
        return sentNs[id];
    }
}
