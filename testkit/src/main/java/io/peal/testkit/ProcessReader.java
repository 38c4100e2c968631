package io.peal.testkit;

import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Reader;
import io.peal.bus.Subscriber;
import io.peal.bus.TopicSet;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A reader in another process. What a poll over there found is handed out here, one by one. Not thread-safe. */
final class ProcessReader implements Reader {

    /** What is to be handed out, and the reader's position once it is. */
    private record Found(long position, Consumer<Subscriber> handOut) {}

    private final ProcessBus bus;
    private final long number;
    private final @Nullable TopicSet topics;
    private final Deque<Found> found = new ArrayDeque<>();
    private long position;

    ProcessReader(ProcessBus bus, long number, long position, @Nullable TopicSet topics) {
        this.bus = bus;
        this.number = number;
        this.position = position;
        this.topics = topics;
    }

    @Override
    public int poll(Subscriber subscriber, int limit, long last) {
        if (!found.isEmpty()) { // left over from a poll whose subscriber threw
            int left = found.size();
            handOut(subscriber);
            return left;
        }
        try {
            DataInputStream answer = bus.ask(BusWire.Op.POLL, arguments -> {
                arguments.writeLong(number);
                arguments.writeInt(limit);
                arguments.writeLong(last);
                BusWire.writeTopics(arguments, topics);
            });
            int passed = answer.readInt();
            long end = answer.readLong();
            readFound(answer);
            handOut(subscriber);
            position = end;
            return passed;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void readFound(DataInputStream answer) throws IOException {
        for (int left = answer.readInt(); left > 0; left--) {
            if (answer.readBoolean()) {
                Message message = BusWire.readMessage(answer);
                found.add(new Found(message.position(), subscriber -> subscriber.onMessage(message)));
            } else {
                Gap gap = BusWire.readGap(answer);
                found.add(new Found(gap.last(), subscriber -> subscriber.onGap(gap)));
            }
        }
    }

    private void handOut(Subscriber subscriber) {
        for (Found next = found.poll(); next != null; next = found.poll()) {
            position = next.position;
            next.handOut.accept(subscriber);
        }
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public void close() {
        bus.ask(BusWire.Op.CLOSE_READER, arguments -> arguments.writeLong(number));
    }
}
