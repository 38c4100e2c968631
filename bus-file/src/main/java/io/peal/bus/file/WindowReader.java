package io.peal.bus.file;

import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Reader;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A {@link LogReader} that speaks of the positions which the messages of a {@link ReplayWindow} have elsewhere. Not
 * thread-safe; delivering makes no garbage.
 */
final class WindowReader implements Reader {

    private final ReplayWindow window;
    private final SegmentViews views;
    private final LogReader log;
    private final View view = new View();
    private final Translation translation = new Translation();
    private Subscriber subscriber = message -> {};
    private long index; // of the log, at which the position is known
    private long position;

    WindowReader(ReplayWindow window, long position, @Nullable TopicSet topics, Runnable checkOpen) {
        this.window = window;
        this.views = window.log().newViews();
        this.index = window.indexOf(position, views);
        this.position = position;
        this.log = new LogReader(window.log(), index, topics, checkOpen, window.errorHandler());
    }

    @Override
    public int poll(Subscriber target, int limit, long last) {
        subscriber = target;
        return log.poll(translation, limit, last == Long.MAX_VALUE ? last : window.indexOf(last, views));
    }

    @Override
    public long position() {
        long now = log.position();
        if (now != index) {
            long known = window.positionOf(now, views);
            if (known < 0) { // trimmed: the next poll tells a gap that begins behind what is known
                return position;
            }
            index = now;
            position = known;
        }
        return position;
    }

    @Override
    public void close() {
        log.close();
    }

    private final class Translation implements Subscriber {

        @Override
        public void onMessage(Message message) {
            RecordCopy copy = (RecordCopy) message;
            view.copy = copy;
            view.at = copy.payloadAt();
            index = copy.position();
            position = view.position();
            subscriber.onMessage(view);
        }

        /** The messages that are missing are gone; those around them tell where they were. */
        @Override
        public void onGap(Gap gap) {
            long before =
                    gap.first() - 1 == index ? position : Math.max(position, window.positionOf(gap.first() - 1, views));
            long last = window.previousOf(gap.last() + 1, views);
            index = gap.last();
            position = Math.max(before, last);
            if (last > before) {
                subscriber.onGap(new Gap(before + 1, last));
            }
        }
    }

    /** The message as it was elsewhere. */
    private static final class View implements Message {

        private @Nullable RecordCopy copy;
        private int at; // of the payload with its prefix

        private RecordCopy copy() {
            RecordCopy shown = copy;
            if (shown == null) {
                throw new IllegalStateException("no message was delivered yet");
            }
            return shown;
        }

        private ByteBuffer stored() {
            copy().topic(); // refuses after the callback
            return copy().stored();
        }

        @Override
        public Topic topic() {
            return copy().topic();
        }

        @Override
        public long position() {
            return stored().getLong(at + WindowRecord.POSITION_AT);
        }

        @Override
        public PayloadKind kind() {
            return copy().kind();
        }

        @Override
        public int replica() {
            return (int) stored().getLong(at + WindowRecord.REPLICA_AT);
        }

        @Override
        public long timestampUs() {
            return copy().timestampUs();
        }

        @Override
        public int payloadLength() {
            return copy().payloadLength() - WindowRecord.PREFIX_LENGTH;
        }

        @Override
        public ByteBuffer payload() {
            ByteBuffer payload = copy().payload();
            return payload.position(payload.position() + WindowRecord.PREFIX_LENGTH);
        }
    }
}
