package io.peal.load.run;

import java.util.concurrent.atomic.AtomicLongArray;

/** How many messages each publisher has published: begun before they are sent. Thread-safe. */
final class Published {

    private final AtomicLongArray counts;

    Published(int publishers) {
        counts = new AtomicLongArray(publishers);
    }

    int publishers() {
        return counts.length();
    }

    /** The number of the next message. */
    long next(int publisher) {
        return counts.incrementAndGet(publisher);
    }

    long[] now() {
        long[] now = new long[counts.length()];
        for (int i = 0; i < now.length; i++) {
            now[i] = counts.get(i);
        }
        return now;
    }

    long total() {
        long total = 0;
        for (long count : now()) {
            total += count;
        }
        return total;
    }
}
