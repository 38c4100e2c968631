package io.peal.bus.aeron;

import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.Gap;
import io.peal.bus.Reader;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.spi.KnownTopics;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A cursor over the stream's memory. Not thread-safe, but for what {@link Pace} asks.
 *
 * <p>It copies some messages at once, then looks whether all of them were still there, and hands out the copies: so nothing
 * that the driver cleans meanwhile is ever seen. What was cleaned before it was read is told as a gap.
 */
final class StreamReader implements Reader {

    private static final int NOTHING = -1;
    private static final int MOST_MESSAGES = 128; // in one batch
    private static final int BATCH_LENGTH = 32 * 1024;
    private static final int LOOKS_UNTIL_SUSPICIOUS = 64;
    private static final VarHandle POSITION;

    static {
        try {
            POSITION = MethodHandles.lookup().findVarHandle(StreamReader.class, "position", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Streams streams;
    private final Pace pace;
    private final Runnable checkOpen;
    private final ErrorHandler errorHandler;
    private final @Nullable TopicSet topics;
    private final KnownTopics knownTopics = new KnownTopics();
    private final Received received = new Received();
    private final Copies copies = new Copies();
    private final Copies large = new Copies(); // for a message of several frames
    private final int[] begins = new int[MOST_MESSAGES]; // of the messages in the batch
    private final int[] lengths = new int[MOST_MESSAGES];
    private final long[] ends = new long[MOST_MESSAGES]; // their places
    private int found; // messages in the batch
    private long scanned; // the place behind the last one
    private int stoppedBy; // the length of the frame there, as it was when the batch ended
    private Stream stream;
    private long place;
    private long pacedTo;
    private int vainLooks;
    private boolean closed;
    private volatile boolean counts = true;

    @SuppressWarnings("unused") // by the VarHandle
    private volatile long position; // written by the reader's thread alone

    /**
     * @param place what was read already
     * @param topics what is wanted, null for everything
     */
    StreamReader(
            Streams streams,
            Pace pace,
            Stream stream,
            long place,
            @Nullable TopicSet topics,
            Runnable checkOpen,
            ErrorHandler errorHandler) {
        this.streams = streams;
        this.pace = pace;
        this.stream = stream;
        this.place = place;
        this.pacedTo = place;
        this.topics = topics;
        this.checkOpen = checkOpen;
        this.errorHandler = errorHandler;
        this.position = stream.position(place);
    }

    @Override
    public int poll(Subscriber subscriber, int limit, long last) {
        checkOpen.run();
        if (closed) {
            throw new IllegalStateException("the reader is closed");
        }
        if (limit < 1) {
            throw new IllegalArgumentException("limit is " + limit + ", at least 1 is needed");
        }
        int passed = 0;
        while (passed < limit) {
            int looked = turn(subscriber, limit - passed, last);
            if (looked == NOTHING) {
                break;
            }
            passed += looked;
            if (place - pacedTo >= pace.step()) {
                tellPace();
            }
        }
        if (passed < limit && !counts && place != pacedTo) {
            tellPace(); // it has caught up, so publishers wait for it again
        }
        return passed;
    }

    private void tellPace() {
        pacedTo = place;
        pace.readTo(this);
    }

    @Override
    public long position() {
        return (long) POSITION.getOpaque(this);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            pace.remove(this);
        }
    }

    /** Whether publishers should wait for this reader. */
    boolean counts() {
        return counts;
    }

    void countsNoMore() {
        counts = false;
    }

    void countsAgain() {
        if (!counts) {
            counts = true;
        }
    }

    /** Passes some positions; how many, or {@link #NOTHING} if there is nothing to do. */
    private int turn(Subscriber subscriber, int limit, long last) {
        Stream from = stream;
        long end = from.end();
        boolean over = end == Stream.NO_END && streams.isOver(from.life());
        long safe = end != Stream.NO_END ? end : over ? from.frontier() : Long.MAX_VALUE; // before the end for certain
        long bound = Math.min(safe, from.place(last));
        if (place >= bound) {
            return place < safe ? NOTHING : over ? awaitEnd(subscriber, last) : goToNextStream(subscriber, last);
        }
        int looked = gather(from.memory(), bound, Math.min(limit, MOST_MESSAGES));
        if (safe == Long.MAX_VALUE && streams.isOver(from.life())) {
            return 0; // what was found may stand behind the end: to be looked at again with that in mind
        }
        if (scanned == place) {
            return stoppedBy <= 0
                    ? passNothing(stoppedBy, subscriber, last)
                    : passSomethingElse(subscriber, bound, safe, last);
        }
        if (isCleaned()) {
            return skipCleaned(subscriber, last);
        }
        vainLooks = 0;
        from.reached(scanned);
        for (int i = 0; i < found; i++) {
            moveTo(ends[i]);
            deliver(subscriber, copies, begins[i], lengths[i]);
        }
        moveTo(scanned);
        return looked;
    }

    /** Copies the next messages that are wanted; how many were looked at. */
    private int gather(StreamMemory memory, long bound, int limit) {
        found = 0;
        copies.clear();
        int looked = 0;
        long at = place;
        while (looked < limit && at < bound) {
            int length = memory.frameLength(at);
            stoppedBy = length;
            long end = StreamMemory.end(at, length);
            if (length <= 0 || end > bound) {
                break;
            }
            if (!memory.isPadding(at)) {
                if (!memory.hasKey(at) || !memory.isWholeMessage(at)) {
                    break;
                }
                if (topics == null || topics.mayContain(memory.topicHash(at))) {
                    if (found > 0 && copies.length() + length > BATCH_LENGTH) {
                        break;
                    }
                    begins[found] = copies.addAligned(memory, at + StreamMemory.HEADER, length - StreamMemory.HEADER);
                    lengths[found] = length - StreamMemory.HEADER;
                    ends[found++] = end;
                }
                looked++;
            }
            at = end;
        }
        scanned = at;
        return looked;
    }

    /** Passes what is no whole message: one of several frames, or what another program has published. */
    private int passSomethingElse(Subscriber subscriber, long bound, long safe, long last) {
        StreamMemory memory = stream.memory();
        int length = memory.frameLength(place);
        if (length <= 0) {
            return passNothing(length, subscriber, last);
        }
        if (memory.hasKey(place) && memory.isFirstOfMessage(place)) {
            return passLarge(subscriber, bound, safe, last);
        }
        long end = StreamMemory.end(place, length);
        if (end > bound) {
            return NOTHING;
        }
        boolean foreign = !memory.hasKey(place) && !memory.isPadding(place) && !memory.isTakenBack(place);
        if (isCleaned()) {
            return skipCleaned(subscriber, last);
        }
        if (foreign) {
            errorHandler.onError(new BusException("there is a message at place " + place
                    + " of the stream that is none of the bus: something else publishes on its stream id"));
        }
        moveTo(end);
        return 1;
    }

    private int passLarge(Subscriber subscriber, long bound, long safe, long last) {
        Stream from = stream;
        StreamMemory memory = from.memory();
        large.clear();
        boolean complete = false;
        long at = place;
        while (!complete) {
            if (at >= bound) {
                return at == from.end() ? breakOff(at, subscriber, last) : NOTHING;
            }
            int length = memory.frameLength(at);
            if (length <= 0) {
                return passNothing(length, subscriber, last);
            }
            boolean goesOn =
                    memory.hasKey(at) && !memory.isPadding(at) && (at == place || !memory.isFirstOfMessage(at));
            if (!goesOn || large.length() > memory.termLength()) {
                return breakOff(at, subscriber, last);
            }
            large.add(memory, at + StreamMemory.HEADER, length - StreamMemory.HEADER);
            complete = memory.isLastOfMessage(at);
            at = StreamMemory.end(at, length);
        }
        if (at > bound) {
            return NOTHING;
        }
        if (safe == Long.MAX_VALUE && streams.isOver(from.life())) {
            return 0;
        }
        if (isCleaned()) {
            return skipCleaned(subscriber, last);
        }
        vainLooks = 0;
        from.reached(at);
        moveTo(at);
        deliver(subscriber, large, 0, large.length());
        return 1;
    }

    /** A message whose publisher died in the middle of it, or has taken it back. */
    private int breakOff(long at, Subscriber subscriber, long last) {
        if (isCleaned()) {
            return skipCleaned(subscriber, last);
        }
        moveTo(at);
        return 1;
    }

    /** Whether the frame that was looked at first is gone: if not, all behind it was still there, because cleaning goes upwards. */
    private boolean isCleaned() {
        VarHandle.loadLoadFence();
        return stream.memory().frameLength(place) <= 0;
    }

    /** There is no frame where one should be: mostly because it is not written yet. */
    private int passNothing(int length, Subscriber subscriber, long last) {
        boolean gone = length == StreamMemory.OF_ANOTHER_TIME
                || place < stream.frontier() // so it was complete
                || (stream.end() != Stream.NO_END && place < stream.end())
                || (++vainLooks % LOOKS_UNTIL_SUSPICIOUS == 0 && place < pace.cleanedTo(stream));
        return gone ? skipCleaned(subscriber, last) : NOTHING;
    }

    /** The life is over, and what comes next may stand behind its end. */
    private int awaitEnd(Subscriber subscriber, long last) {
        return stream.end() != Stream.NO_END ? 0 : goToNextStream(subscriber, last); // 0: it is known meanwhile
    }

    /** Whoever makes the next stream known has told the end of this one before, if it is known; so it is asked for again here. */
    private int goToNextStream(Subscriber subscriber, long last) {
        Stream next = streams.after(stream);
        if (next == null || next.life().base() > last) {
            return NOTHING;
        }
        boolean endIsKnown = stream.end() != Stream.NO_END;
        if (endIsKnown && place < stream.end()) {
            return 0; // there is more to read here
        }
        long before = position();
        stream = next;
        pacedTo = 0;
        moveTo(0);
        boolean complete = endIsKnown || before >= position(); // between an end and the next life there is no message
        return complete ? 0 : tellGap(subscriber, before, position());
    }

    private int skipCleaned(Subscriber subscriber, long last) {
        StreamMemory memory = stream.memory();
        long end = stream.end();
        long next = memory.firstMessage(
                Math.max(place, pace.cleanedTo(stream)), end == Stream.NO_END ? memory.tail() : end);
        if (next <= place) {
            return NOTHING;
        }
        long before = position();
        moveTo(Math.min(next, stream.place(last)));
        return before < position() ? tellGap(subscriber, before, position()) : NOTHING;
    }

    private int tellGap(Subscriber subscriber, long before, long behind) {
        pace.countGap();
        subscriber.onGap(new Gap(before + 1, behind));
        return 1;
    }

    private void deliver(Subscriber subscriber, Copies from, int at, int length) {
        ByteBuffer bytes = from.bytes();
        Topic topic = null;
        if (Envelope.isMessage(bytes, at, length)) {
            long hash = Envelope.topicHash(bytes, at);
            int topicAt = at + Envelope.TOPIC_AT;
            int topicLength = Envelope.topicLength(bytes, at);
            if (topics != null) {
                topic = topics.find(hash, bytes, topicAt, topicLength);
                if (topic == null) {
                    return;
                }
            } else {
                topic = knownTopics.find(hash, bytes, topicAt, topicLength);
            }
        }
        if (topic == null) {
            errorHandler.onError(new BusException("the message at position " + position
                    + " cannot be read: a replica of another version has published it, or the memory is faulty"));
            tellGap(subscriber, position - 1, position);
            return;
        }
        received.show(bytes, from.readOnly(), at, length, topic, position);
        try {
            subscriber.onMessage(received);
        } finally {
            received.hide();
        }
    }

    private void moveTo(long next) {
        place = next;
        POSITION.setOpaque(this, stream.position(next));
    }
}
