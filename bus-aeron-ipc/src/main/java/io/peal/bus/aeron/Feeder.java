package io.peal.bus.aeron;

import io.aeron.FragmentAssembler;
import io.aeron.Image;
import io.aeron.logbuffer.Header;
import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.PayloadKind;
import io.peal.bus.file.ReplayWindow;
import io.peal.bus.file.WindowRecord;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongFunction;
import org.agrona.DirectBuffer;
import org.agrona.collections.Long2LongHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Brings what is published from the stream into this replica's window. Whoever wants to read does it: a reader that has
 * read everything, the thread that is woken by the doorbell, a publisher that finds the stream full. One at a time;
 * nobody waits for another one who does it.
 *
 * <p>Invariants, all of them under the lock:
 *
 * <ol>
 *   <li>Everything up to {@code place} of the present life is in the window, or was no message of the bus.
 *   <li>The first message that says so ends a life. What stands behind it in the stream was not published: who has written
 *       it finds it there, and publishes it in the next life.
 *   <li>Of each writer, numbers in the window only rise: a message that comes again is left out.
 *   <li>If something could not be had, a new window begins behind it, so that readers see the gap.
 * </ol>
 */
final class Feeder {

    private static final int FRAGMENT_LIMIT = 256;
    private static final long NEVER = 0;
    private static final long TRY_AGAIN_NS = 1_000_000_000;
    private static final int MOST_RETIRED = 4;
    private static final int MOST_WRITERS = 1 << 16;

    private final int replica;
    private final LongFunction<ReplayWindow> newWindow; // that begins behind a position
    private final ErrorHandler errorHandler;
    private final Runnable onEnd;
    private final ReentrantLock lock = new ReentrantLock();
    private final FragmentAssembler assembler = new FragmentAssembler(this::onFragment);
    private final Long2LongHashMap numbers = new Long2LongHashMap(NEVER); // of each writer, the last one seen
    private final Long2LongHashMap ownPositions = new Long2LongHashMap(NEVER); // of those messages, for this replica
    private final WindowRecord record = new WindowRecord();
    private final Deque<ReplayWindow> retired = new ArrayDeque<>(); // readers may still be in them
    private final AtomicLong duplicates = new AtomicLong();
    private final AtomicLong gaps = new AtomicLong();
    private @Nullable Link link;
    private boolean broken; // the window could not take a message, and there is no other one yet
    private long lostTo; // up to this position, then
    private long triedNs = System.nanoTime() - TRY_AGAIN_NS;
    private long base; // of the life that is being read
    private volatile @Nullable Life life;
    private volatile boolean ended;
    private volatile long place;
    private final AtomicLong turns = new AtomicLong(); // that brought something
    private volatile @Nullable ReplayWindow window; // null before the first link

    /**
     * @param newWindow makes a window
     * @param onEnd told when a life has ended
     */
    Feeder(int replica, LongFunction<ReplayWindow> newWindow, Runnable onEnd, ErrorHandler errorHandler) {
        this.replica = replica;
        this.newWindow = newWindow;
        this.onEnd = onEnd;
        this.errorHandler = errorHandler;
    }

    /** Brings what there is, but not too much at once; 0 if there was nothing, or somebody else is at it. */
    int feed() {
        if (!lock.tryLock()) {
            return 0;
        }
        try {
            return turn();
        } finally {
            lock.unlock();
        }
    }

    /** Brings all there is, also what somebody else is at; the position of the newest message. */
    long feedAll() {
        int brought;
        do {
            lock.lock();
            try {
                brought = turn();
            } finally {
                lock.unlock();
            }
        } while (brought > 0);
        return newest();
    }

    /** Brings what there is, unless somebody else is at it; the position of the newest message. */
    long feedUnlessOthersDo() {
        int brought;
        do {
            brought = feed();
        } while (brought > 0);
        return newest();
    }

    private int turn() {
        Link from = link;
        if (from == null || ended) {
            return 0;
        }
        Image image = from.image();
        int fragments = image.poll(assembler, FRAGMENT_LIMIT);
        if (fragments > 0) {
            turns.incrementAndGet();
            if (!ended && !image.isClosed()) {
                place = image.position();
                from.trimHistory();
            }
        }
        return fragments;
    }

    /** Where readers read. */
    ReplayWindow window() {
        ReplayWindow present = window;
        if (present == null) {
            throw new IllegalStateException("nothing was read yet");
        }
        return present;
    }

    /** The position of the newest message that was brought, 0 before the first link. */
    long newest() {
        ReplayWindow present = window;
        return present == null ? 0 : present.newest();
    }

    /** Whether the present life has ended: then there is nothing more to come from the link. */
    boolean hasEnded() {
        return ended;
    }

    /** The identity of the bus. */
    long epoch() {
        return present().epoch();
    }

    /** Which life is read. */
    long lifeNumber() {
        return present().number();
    }

    private Life present() {
        Life known = life;
        if (known == null) {
            throw new IllegalStateException("nothing was read yet");
        }
        return known;
    }

    /** A number that changes when something was brought. */
    long turns() {
        return turns.get();
    }

    long duplicates() {
        return duplicates.get();
    }

    long gaps() {
        return gaps.get();
    }

    /** The place of the present life up to which all was brought. */
    long place() {
        return place;
    }

    /** The position of the last message of a writer of this replica, if it is this one and was seen; else 0. */
    long positionOf(long writer, long number) {
        lock.lock();
        try {
            return numbers.get(writer) == number ? ownPositions.get(writer) : 0;
        } finally {
            lock.unlock();
        }
    }

    /** Whether this message of a writer was seen, or a later one. */
    boolean hasSeen(long writer, long number) {
        lock.lock();
        try {
            return numbers.get(writer) >= number;
        } finally {
            lock.unlock();
        }
    }

    /** Nothing is read from the link any more when this returns. */
    void detach() {
        lock.lock();
        try {
            link = null;
        } finally {
            lock.unlock();
        }
    }

    /** Brings the rest of a life from its memory: what is there now. Returns whether the life has ended. */
    boolean bringRest(RawLog raw) {
        lock.lock();
        try {
            long reached = raw.read(place, raw.tail(), this::take);
            if (!ended) {
                place = reached;
            }
            return ended;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Begins to read from a link, where the last one was left if that can be.
     *
     * @param streamBefore the memory of the life before, if it is there: history for a replica that has just come
     */
    void attach(Link next, @Nullable Path streamBefore) {
        lock.lock();
        try {
            long joined = next.image().joinPosition();
            Life before = life;
            long from = 0;
            boolean complete = true;
            if (before == null) {
                from = joined;
                begin(next.life(), joined, streamBefore);
            } else if (before.number() == next.life().number()) {
                from = place;
            } else {
                complete = before.number() + 1 == next.life().number();
                numbersOfLivingWriters();
            }
            life = next.life();
            base = next.life().base();
            ended = false;
            place = from;
            if (joined > from) {
                complete &= next.raw().read(from, joined, this::take) == joined;
            }
            if (!complete) {
                beginAnew(next.life().position(joined));
            }
            place = Math.max(joined, from);
            link = next;
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            link = null;
            retired.forEach(ReplayWindow::close);
            retired.clear();
            ReplayWindow last = window;
            if (last != null) {
                last.close();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The first window: it begins with the life before, if this life is read from its beginning and that one is still there. */
    private void begin(Life first, long joined, @Nullable Path streamBefore) {
        if (joined > 0 || streamBefore == null || !bringPrevious(first, streamBefore)) {
            window = newWindow.apply(first.position(joined));
        }
    }

    private boolean bringPrevious(Life first, Path streamBefore) {
        try (RawLog previous = new RawLog(streamBefore)) {
            base = first.previousBase();
            long oldest = previous.oldest();
            window = newWindow.apply(Life.positionIn(base, oldest));
            boolean all = previous.read(oldest, previous.tail(), this::take) == previous.tail();
            if (!ended && !all) {
                retire();
                return false;
            }
            return true;
        } catch (RuntimeException e) {
            errorHandler.onError(new BusException("the life before cannot be read: history begins with this one", e));
            retire();
            return false;
        }
    }

    private void onFragment(DirectBuffer buffer, int offset, int length, Header header) {
        take(buffer, offset, length, header.position());
    }

    private void take(DirectBuffer buffer, int offset, int length, long end) {
        if (ended) {
            return;
        }
        if (!Envelope.isMessage(buffer, offset, length)) {
            errorHandler.onError(new BusException("there is a message at place " + end
                    + " of the stream that is none of the bus: something else publishes on its stream id"));
            return;
        }
        if (Envelope.kind(buffer, offset) == Envelope.END) {
            ended = true;
            place = end;
            onEnd.run();
            return;
        }
        long position = Life.positionIn(base, end);
        if (position > window().newest() && isNew(buffer, offset)) {
            if (Envelope.replica(buffer, offset) == replica) {
                ownPositions.put(Envelope.writer(buffer, offset), position);
            }
            append(buffer, offset, length, position);
        }
    }

    private boolean isNew(DirectBuffer buffer, int offset) {
        long writer = Envelope.writer(buffer, offset);
        long number = Envelope.sequence(buffer, offset);
        if (number <= numbers.get(writer)) {
            duplicates.incrementAndGet();
            return false;
        }
        numbers.put(writer, number);
        return true;
    }

    private void append(DirectBuffer buffer, int offset, int length, long position) {
        ByteBuffer direct = buffer.byteBuffer();
        ByteBuffer bytes = direct != null ? direct : ByteBuffer.wrap(buffer.byteArray());
        int at = buffer.wrapAdjustment() + offset;
        int topicLength = Envelope.topicLength(buffer, offset);
        int payloadAt = at + Envelope.TOPIC_AT + topicLength;
        record.of(
                        position,
                        Envelope.replica(buffer, offset),
                        Envelope.timestampUs(buffer, offset),
                        Envelope.kind(buffer, offset) == Envelope.TEXT ? PayloadKind.TEXT : PayloadKind.BINARY)
                .topic(Envelope.topicHash(buffer, offset), at + Envelope.TOPIC_AT, topicLength)
                .payload(bytes, payloadAt, length - Envelope.TOPIC_AT - topicLength);
        if (broken && !canBeginAnew()) {
            lostTo = position;
            return;
        }
        try {
            window().append(record);
        } catch (BusException | IllegalArgumentException e) {
            errorHandler.onError(e);
            lostTo = position;
            broken = true;
            canBeginAnew();
        }
    }

    /** Tries now and then to make another window in place of one that could not take a message; nothing is appended before. */
    private boolean canBeginAnew() {
        long now = System.nanoTime();
        if (now - triedNs < TRY_AGAIN_NS) {
            return false;
        }
        try {
            beginAnew(lostTo);
            return true;
        } catch (BusException e) {
            triedNs = now;
            errorHandler.onError(e);
            return false;
        }
    }

    /** What is up to a position could not be had. */
    private void beginAnew(long position) {
        ReplayWindow next = newWindow.apply(position);
        gaps.incrementAndGet();
        retire();
        window = next;
        broken = false;
    }

    private void retire() {
        ReplayWindow old = window;
        if (old != null) {
            retired.add(old);
            if (retired.size() > MOST_RETIRED) {
                retired.remove().close();
            }
        }
    }

    /** Writers come and go with threads and replicas; nobody says which are gone. */
    private void numbersOfLivingWriters() {
        if (numbers.size() > MOST_WRITERS) {
            numbers.clear();
            ownPositions.clear();
        }
    }
}
