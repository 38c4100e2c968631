package io.peal.load.run;

import java.util.Arrays;

/**
 * What one client has received of each publisher, judged as it comes. It must receive all that is published from when it has
 * subscribed until it is cut off, once, each publisher's in order. Belongs to one event loop.
 *
 * <p>A message that is not the next one leaves those before it missing; if one of them comes within the next 64, it was out of order,
 * else it is lost.
 */
final class Tally {

    private final long[] first; // of each publisher, what is before the first that is for this client
    private final long[] last;
    private final long[] window; // a bit for each of the 64 messages up to the last: whether it came
    private long received;
    private long missing;
    private long duplicated;
    private long outOfOrder;

    Tally(int publishers) {
        first = new long[publishers];
        last = new long[publishers];
        window = new long[publishers];
    }

    /** What is published from now on is for this client: {@code published} says what is not. */
    void begin(long[] published) {
        System.arraycopy(published, 0, first, 0, first.length);
        System.arraycopy(published, 0, last, 0, last.length);
        Arrays.fill(window, -1);
    }

    /** A message came; false if it is not to be counted as a delivery. */
    boolean received(int publisher, long number) {
        if (publisher >= last.length || number <= first[publisher]) {
            return false;
        }
        long ahead = number - last[publisher];
        if (ahead > 0) {
            missing += ahead - 1;
            window[publisher] = ahead >= Long.SIZE ? 1 : window[publisher] << ahead | 1;
            last[publisher] = number;
        } else if (-ahead < Long.SIZE && (window[publisher] >>> -ahead & 1) == 0) {
            window[publisher] |= 1L << -ahead;
            missing--;
            outOfOrder++;
        } else {
            duplicated++;
            return false;
        }
        received++;
        return true;
    }

    /** The client was there until the end, when so much was published: the rest is missing. */
    void end(long[] published) {
        for (int publisher = 0; publisher < last.length; publisher++) {
            missing += Math.max(0, published[publisher] - last[publisher]);
            last[publisher] = Math.max(last[publisher], published[publisher]);
        }
    }

    long received() {
        return received;
    }

    long missing() {
        return missing;
    }

    long duplicated() {
        return duplicated;
    }

    long outOfOrder() {
        return outOfOrder;
    }
}
