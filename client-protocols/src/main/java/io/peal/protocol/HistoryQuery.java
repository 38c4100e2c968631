package io.peal.protocol;

import io.peal.bus.Bus;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import java.util.ArrayDeque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * Reads what was published to a topic, a slice at a time, so that its event loop is not held up. What it finds is bounded in
 * number and length, whatever the log holds: forwards it ends there, backwards it keeps the newest. Belongs to one event loop.
 */
final class HistoryQuery implements AutoCloseable {

    private static final int SLICE = 256; // positions
    private static final long SLICE_NS = 500_000;
    private static final int MAX_LENGTH = 256 * 1024;

    private final Reader reader;
    private final Position newest; // when it began
    private final long last; // what is behind is not for it
    private final int limit;
    private final boolean reverse;
    private final boolean complete; // nothing may be missing: it did not begin wherever the log does
    private final ArrayDeque<byte[]> found = new ArrayDeque<>();
    private final JsonBuffer publication = new JsonBuffer();
    private final Subscriber collecting = new Collecting();
    private int foundLength;
    private boolean full;
    private boolean broken; // something that it should have found is gone

    /**
     * @param since where to begin, which is not included; null for the end of the log to begin at
     * @throws PositionUnavailableException if {@code since} cannot be continued
     */
    HistoryQuery(Bus bus, Topic topic, int limit, boolean reverse, @Nullable Position since) {
        this.newest = bus.position();
        this.limit = limit;
        this.reverse = reverse;
        this.full = limit == 0;
        this.last = reverse && since != null ? since.value() - 1 : newest.value();
        StartFrom from = reverse || since == null ? StartFrom.earliest() : StartFrom.after(since);
        this.reader = bus.newReader(from, TopicSet.of(topic));
        this.complete = from instanceof StartFrom.After;
    }

    /** Reads on for a while; true when it is done. */
    boolean step() {
        long deadline = System.nanoTime() + SLICE_NS;
        while (!full && !broken) {
            if (reader.position() >= last || reader.poll(collecting, SLICE, last) == 0) {
                return true;
            }
            if (System.nanoTime() - deadline >= 0) {
                return false;
            }
        }
        return true;
    }

    /** Whether what is found is not complete. */
    boolean isBroken() {
        return broken;
    }

    /** Writes the result. */
    void writeTo(JsonBuffer json) {
        json.raw("{\"publications\":[");
        String comma = "";
        for (Iterator<byte[]> i = reverse ? found.descendingIterator() : found.iterator(); i.hasNext(); comma = ",") {
            json.raw(comma).raw(i.next());
        }
        json.raw("],\"epoch\":")
                .string(Answers.epochOf(newest))
                .raw(",\"offset\":")
                .number(newest.value());
        json.raw("}");
    }

    @Override
    public void close() {
        reader.close();
    }

    private final class Collecting implements Subscriber {

        @Override
        public void onMessage(Message message) {
            if (full) {
                return; // the rest of what this poll brings
            }
            publication.clear();
            publication.publication(message);
            while (reverse && isTooMuch(publication.length())) {
                foundLength -= found.remove().length;
            }
            full = isTooMuch(publication.length());
            if (!full) {
                found.add(publication.copy());
                foundLength += publication.length();
                full = !reverse && found.size() == limit;
            }
        }

        private boolean isTooMuch(int more) {
            return found.size() >= limit || (!found.isEmpty() && foundLength + more > MAX_LENGTH);
        }

        @Override
        public void onGap(Gap gap) {
            broken = complete;
        }
    }
}
