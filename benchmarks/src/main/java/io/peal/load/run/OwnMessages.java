package io.peal.load.run;

/** The messages of one publisher, one after the other. Belongs to its thread. */
final class OwnMessages {

    private final int publisher;
    private final Published published;
    private final int length;
    private long number;

    OwnMessages(int publisher, Published published, int length) {
        this.publisher = publisher;
        this.published = published;
        this.length = length;
    }

    /** The next one, which counts as published from now on. */
    String next(long dueNs) {
        number = published.next(publisher);
        return Marker.message(publisher, number, dueNs, length);
    }

    /** Of the last one. */
    long number() {
        return number;
    }
}
