package io.peal.bus.aeron;

import java.util.concurrent.atomic.AtomicLong;

/** One life's stream as this replica sees it: its memory, and where it ended, if it did. Thread-safe. */
final class Stream {

    /** It has not ended, or it is not known yet where. */
    static final long NO_END = -1;

    private final Life life;
    private final StreamMemory memory;
    private final AtomicLong frontier = new AtomicLong();
    private volatile long end = NO_END;

    Stream(Life life, StreamMemory memory) {
        this.life = life;
        this.memory = memory;
    }

    Life life() {
        return life;
    }

    StreamMemory memory() {
        return memory;
    }

    /** Behind what was the last message of this life, or {@link #NO_END}. */
    long end() {
        return end;
    }

    void endsAt(long place) {
        end = place;
    }

    /** The place up to which all messages are known to be complete and published. */
    long frontier() {
        return frontier.get();
    }

    /** All messages before a place are complete and published. */
    void reached(long place) {
        if (place > frontier.get()) {
            frontier.accumulateAndGet(place, Math::max);
        }
    }

    /** The same, of what one thread has written without a gap. */
    void passWritten(long from, long to) {
        if (memory.walk(frontier(), from, Integer.MAX_VALUE) >= from) {
            reached(to);
        }
    }

    /** The position of what ends at a place. */
    long position(long place) {
        return life.position(place);
    }

    /** The place behind what has a position; {@code Long.MAX_VALUE} if no place is that far, negative if it is before this life. */
    long place(long position) {
        return life.place(position);
    }
}
