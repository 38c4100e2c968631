package io.peal.bus.aeron;

import io.aeron.Image;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Tells the driver how far this replica has read, by moving its two subscriptions, through which nothing is read. The
 * first moves with the slowest reader, so that publishers do not run away from readers that keep up; never beyond a message
 * that is not complete, because that is where the driver looks for publishers that have died. The second stays
 * behind it, so that the memory in between is not cleaned: the history. Thread-safe; readers never wait here.
 *
 * <p>Nobody waits long for a reader: one that has stood still for a while, or was overtaken, does not count any more, until it
 * has caught up. If the whole process stands still, the driver puts its subscriptions aside.
 */
final class Pace {

    private static final long STANDSTILL_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final ReentrantLock lock = new ReentrantLock();
    private final CopyOnWriteArrayList<StreamReader> readers = new CopyOnWriteArrayList<>();
    private final AtomicLong gaps = new AtomicLong();
    private final Streams streams;
    private final long step;
    private final long historyLength;
    private @Nullable Link link; // as all below, guarded by the lock
    private long stoodAt;
    private long stoodSinceNs;

    Pace(Streams streams, StreamOptions options) {
        this.streams = streams;
        this.step = options.termLength() / 128;
        this.historyLength = options.history();
    }

    /** How far a reader may go before it says so, in bytes. */
    long step() {
        return step;
    }

    void add(StreamReader reader) {
        readers.add(reader);
    }

    void remove(StreamReader reader) {
        readers.remove(reader);
    }

    void countGap() {
        gaps.incrementAndGet();
    }

    /** How often readers were told a gap. */
    long gaps() {
        return gaps.get();
    }

    void attach(Link next) {
        lock.lock();
        try {
            link = next;
            stoodAt = next.image().joinPosition();
            findBeginning(next.stream(), stoodAt);
            stoodSinceNs = System.nanoTime();
        } finally {
            lock.unlock();
        }
        keepUp();
    }

    /** What is before the subscriptions may be cleaned, so nobody can go from message to message there. */
    private static void findBeginning(Stream stream, long subscribedFrom) {
        if (stream.frontier() < subscribedFrom) {
            StreamMemory memory = stream.memory();
            stream.reached(memory.firstMessage(subscribedFrom, memory.tail()));
        }
    }

    /** The link is not touched any more when this returns. */
    void detach() {
        lock.lock();
        try {
            link = null;
        } finally {
            lock.unlock();
        }
    }

    /** A reader has read on. */
    void readTo(StreamReader reader) {
        if (lock.tryLock()) {
            try {
                reader.countsAgain();
                move();
            } finally {
                lock.unlock();
            }
        }
    }

    /** A publisher of this replica has written about a {@link #step}: whose memory is still in its cache. */
    void wrote() {
        if (lock.tryLock()) {
            try {
                move();
            } finally {
                lock.unlock();
            }
        }
    }

    /** To be called now and then while messages come, and when the stream is full: readers that stand still are not waited for. */
    void keepUp() {
        lock.lock();
        try {
            Link from = link;
            if (from == null) {
                return;
            }
            Stream current = from.stream();
            long at = from.image().position();
            long now = System.nanoTime();
            if (at != stoodAt || at >= current.memory().tail()) {
                stoodAt = at;
                stoodSinceNs = now;
            } else if (now - stoodSinceNs > STANDSTILL_NS) {
                for (StreamReader reader : readers) {
                    if (current.place(reader.position()) <= at) {
                        reader.countsNoMore();
                    }
                }
            }
            move();
        } finally {
            lock.unlock();
        }
    }

    /** The place before which the driver has cleaned the memory of a stream, 0 if that is not known just now. */
    long cleanedTo(Stream of) {
        if (!lock.tryLock()) {
            return 0;
        }
        try {
            Link from = link;
            return from == null || of != from.stream() ? 0 : from.cleanedTo();
        } finally {
            lock.unlock();
        }
    }

    private void move() {
        Link from = link;
        if (from == null) {
            return;
        }
        Stream current = from.stream();
        Image image = from.image();
        long at = image.position();
        long target = Long.MAX_VALUE;
        for (StreamReader reader : readers) {
            long place = Math.max(0, current.place(reader.position())); // who is still in the life before comes soon
            if (place >= at && reader.counts()) {
                target = Math.min(target, place);
            }
        }
        if (target > current.frontier()) { // nobody reads here, or somebody began to read behind what is not complete
            streams.lookAtAll();
            target = Math.min(target, current.frontier());
        }
        if (target > at) {
            moveTo(image, target);
            moveTo(from.history(), target - historyLength);
        }
    }

    /** Moves a subscription on, in as many steps as there are terms on the way. */
    static void moveTo(Image image, long target) {
        long termLength = image.termBufferLength();
        for (long at = image.position(); at < target && !image.isClosed(); at = image.position()) {
            image.position(Math.min(target, (at & -termLength) + termLength));
        }
    }
}
