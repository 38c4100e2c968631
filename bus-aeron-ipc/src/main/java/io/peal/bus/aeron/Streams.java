package io.peal.bus.aeron;

import io.peal.bus.file.HostReplicas;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The streams that this replica knows: that of the present life, and those before it that are kept as history. Thread-safe.
 *
 * <p>A life ends at a place that one replica decides, for all, in three steps: it raises the number that all of them share,
 * then reads the tail, then tells. From this follows:
 *
 * <ol>
 *   <li>Who has written a message and <em>then</em> finds the number lower than the life's knows that it stands before the
 *       end: the tail is read later, so it is behind the message.
 *   <li>Who has read a message and <em>then</em> finds the number lower knows the same: what stands behind the end was begun
 *       after the tail was read.
 *   <li>Everybody else waits until the end is told.
 * </ol>
 */
final class Streams {

    private static final int MOST_FRAMES = 4_096;

    private final HostReplicas replicas;
    private volatile Stream[] known = {};

    Streams(HostReplicas replicas) {
        this.replicas = replicas;
    }

    boolean isEmpty() {
        return known.length == 0;
    }

    /** That of the present life, as far as this replica knows. */
    Stream present() {
        Stream[] all = known;
        if (all.length == 0) {
            throw new IllegalStateException("nothing was read yet");
        }
        return all[all.length - 1];
    }

    /** The one with the oldest history. */
    Stream oldest() {
        present();
        return known[0];
    }

    /** That of a life, null if it is not known. */
    @Nullable
    Stream of(long number) {
        for (Stream stream : known) {
            if (stream.life().number() == number) {
                return stream;
            }
        }
        return null;
    }

    /** The first one behind a life, null if there is none yet. */
    @Nullable
    Stream after(Stream stream) {
        for (Stream each : known) {
            if (each.life().number() > stream.life().number()) {
                return each;
            }
        }
        return null;
    }

    /** The one in which reading goes on behind a position, null if it is before all of them. */
    @Nullable
    Stream behind(long position) {
        Stream[] all = known;
        for (int i = all.length - 1; i >= 0; i--) {
            if (all[i].life().base() <= position) {
                return all[i];
            }
        }
        return null;
    }

    /** A new life begins; lives before {@code oldestKept} are forgotten. */
    synchronized void add(Stream next, long oldestKept) {
        Stream[] kept = Arrays.stream(known)
                .filter(stream -> stream.life().number() >= oldestKept)
                .toArray(Stream[]::new);
        Stream[] all = Arrays.copyOf(kept, kept.length + 1);
        all[kept.length] = next;
        known = all;
    }

    /** Forgets the lives before one; readers that are still in one of them read on. Returns their numbers. */
    synchronized long[] forgetBefore(Life life) {
        Stream[] all = known;
        known = Arrays.stream(all)
                .filter(stream -> stream.life().number() >= life.number())
                .toArray(Stream[]::new);
        return Arrays.stream(all)
                .mapToLong(stream -> stream.life().number())
                .filter(number -> number < life.number())
                .toArray();
    }

    /** Whether a life is over. To be asked after what one wants to know about was read or written. */
    boolean isOver(Life life) {
        return replicas.sharedNumber() >= life.number();
    }

    /** The position behind everything whose publisher has returned. */
    long newest() {
        Stream stream = present();
        long tail = stream.memory().tail();
        if (!isOver(stream.life())) {
            return stream.position(tail);
        }
        long end = stream.end();
        return stream.position(end == Stream.NO_END ? stream.frontier() : end);
    }

    /** Looks what is complete, but not at too much at once; the position up to which all can be read. */
    long look() {
        return look(MOST_FRAMES);
    }

    /** Looks at all there is. */
    long lookAtAll() {
        return look(Integer.MAX_VALUE);
    }

    private long look(int mostFrames) {
        Stream stream = present();
        long end = stream.end();
        long bound = end == Stream.NO_END ? Long.MAX_VALUE : end;
        long place = stream.memory().walk(stream.frontier(), bound, mostFrames);
        if (end != Stream.NO_END || !isOver(stream.life())) {
            stream.reached(place);
        }
        return frontier();
    }

    /** What is known without looking. */
    long frontier() {
        Stream stream = present();
        return stream.position(stream.frontier());
    }

    /** Whether somebody has begun a message that is not complete yet, or nobody has looked. */
    boolean isSomethingBegun() {
        Stream stream = present();
        return stream.memory().tail() > stream.frontier();
    }
}
