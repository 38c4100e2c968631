package io.peal.testkit;

import io.peal.bus.Batch;
import io.peal.bus.Bus;
import io.peal.bus.BusException;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Subscription;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.WakeUp;
import io.peal.testkit.BusWire.Content;
import io.peal.testkit.BusWire.Event;
import io.peal.testkit.BusWire.Op;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The process of a {@link ProcessBus}: opens a bus and does there what it is asked to, one thread for each asking one. */
final class ProcessBusMain {

    /** A reader and the topics it was made with. */
    private record OpenReader(Reader reader, @Nullable TopicSet topics) {}

    private final Bus bus;
    private final DataOutputStream out;
    private final Map<Long, ExecutorService> lanes = new ConcurrentHashMap<>();
    private final Map<Long, OpenReader> readers = new ConcurrentHashMap<>();
    private final Map<Long, Subscription> subscriptions = new ConcurrentHashMap<>();
    private final Map<Long, WakeUp> wakeUps = new ConcurrentHashMap<>();
    private final AtomicLong readerNumbers = new AtomicLong();

    private ProcessBusMain(Bus bus, DataOutputStream out) {
        this.bus = bus;
        this.out = out;
    }

    /** Arguments: the class of the opener, then what it gets. */
    public static void main(String... args) throws Exception {
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)));
        System.setOut(System.err); // what is printed must not get between the frames
        BusOpener opener = Class.forName(args[0])
                .asSubclass(BusOpener.class)
                .getDeclaredConstructor()
                .newInstance();
        Bus bus = opener.open(Arrays.copyOfRange(args, 1, args.length));
        out.writeInt(bus.replica());
        out.writeInt(bus.maxPayloadLength());
        out.flush();
        new ProcessBusMain(bus, out).serve(new DataInputStream(new BufferedInputStream(System.in)));
    }

    private void serve(DataInputStream in) throws IOException {
        try {
            while (true) {
                DataInputStream request = BusWire.receive(in);
                long number = request.readLong();
                lanes.computeIfAbsent(request.readLong(), lane -> Executors.newSingleThreadExecutor())
                        .execute(() -> answer(number, request));
            }
        } catch (EOFException testIsGone) {
            System.exit(0);
        }
    }

    private void answer(long number, DataInputStream request) {
        byte[] frame;
        try {
            Content result = execute(request);
            frame = BusWire.frame(answer -> {
                answer.writeLong(number);
                answer.writeByte(0);
                result.writeTo(answer);
            });
        } catch (RuntimeException refusal) {
            frame = BusWire.frame(answer -> {
                answer.writeLong(number);
                answer.writeByte(1);
                BusWire.writeRefusal(answer, refusal);
            });
        }
        send(frame);
    }

    private Content execute(DataInputStream request) {
        try {
            return switch (Op.valueOf(request.readUTF())) {
                case PUBLISH -> publish(request);
                case PUBLISH_BATCH -> publishBatch(request);
                case NEW_READER -> newReader(request);
                case POLL -> poll(request);
                case CLOSE_READER -> closeReader(request);
                case SUBSCRIBE -> subscribe(request);
                case NEW_WAKE_UP -> newWakeUp(request);
                case ARM -> arm(request);
                case CLOSE_WAKE_UP -> closeWakeUp(request);
                case CLOSE_SUBSCRIPTION -> closeSubscription(request);
                case POSITION -> position();
                case WHY_UNUSABLE -> whyUnusable();
                case WHEN_UNUSABLE -> whenUnusable(request);
                case CLOSE -> close();
            };
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Content publish(DataInputStream request) throws IOException {
        Topic topic = Topic.of(request.readUTF());
        PayloadKind kind = PayloadKind.valueOf(request.readUTF());
        long position = bus.publisher().publish(topic, ByteBuffer.wrap(BusWire.readBytes(request)), kind);
        return answer -> answer.writeLong(position);
    }

    private Content publishBatch(DataInputStream request) throws IOException {
        Batch batch = new Batch();
        for (int left = request.readInt(); left > 0; left--) {
            Topic topic = Topic.of(request.readUTF());
            PayloadKind kind = PayloadKind.valueOf(request.readUTF());
            batch.add(topic, ByteBuffer.wrap(BusWire.readBytes(request)), kind);
        }
        long position = bus.publisher().publish(batch);
        return answer -> answer.writeLong(position);
    }

    private Content newReader(DataInputStream request) throws IOException {
        StartFrom startFrom = BusWire.readStart(request);
        List<Topic> names = BusWire.readTopics(request);
        TopicSet topics = names == null ? null : TopicSet.of(names.toArray(Topic[]::new));
        Reader reader = topics == null ? bus.newReader(startFrom) : bus.newReader(startFrom, topics);
        long number = readerNumbers.incrementAndGet();
        readers.put(number, new OpenReader(reader, topics));
        long position = reader.position();
        return answer -> {
            answer.writeLong(number);
            answer.writeLong(position);
        };
    }

    private Content poll(DataInputStream request) throws IOException {
        OpenReader open = reader(request.readLong());
        int limit = request.readInt();
        long last = request.readLong();
        List<Topic> names = BusWire.readTopics(request);
        if (open.topics != null && names != null) {
            open.topics.toList().forEach(open.topics::remove);
            names.forEach(open.topics::add);
        }
        Found found = new Found();
        int passed = open.reader.poll(found, limit, last);
        long position = open.reader.position();
        return answer -> {
            answer.writeInt(passed);
            answer.writeLong(position);
            answer.writeInt(found.count);
            found.bytes.writeTo(answer);
        };
    }

    private Content closeReader(DataInputStream request) throws IOException {
        reader(request.readLong()).reader.close();
        return answer -> {};
    }

    private Content subscribe(DataInputStream request) throws IOException {
        long number = request.readLong();
        Topic topic = Topic.of(request.readUTF());
        subscriptions.put(number, bus.subscribe(topic, BusWire.readStart(request), new ToTest(number)));
        return answer -> {};
    }

    private Content newWakeUp(DataInputStream request) throws IOException {
        long number = request.readLong();
        wakeUps.put(number, bus.newWakeUp(() -> sendEvent(number, Event.AVAILABLE, event -> {})));
        return answer -> {};
    }

    private Content arm(DataInputStream request) throws IOException {
        boolean armed = wakeUp(request.readLong()).arm(request.readLong());
        return answer -> answer.writeLong(armed ? 1 : 0);
    }

    private Content closeWakeUp(DataInputStream request) throws IOException {
        wakeUp(request.readLong()).close();
        return answer -> {};
    }

    private WakeUp wakeUp(long number) {
        WakeUp wakeUp = wakeUps.get(number);
        if (wakeUp == null) {
            throw new BusException("no wake-up " + number);
        }
        return wakeUp;
    }

    private Content closeSubscription(DataInputStream request) throws IOException {
        Subscription subscription = subscriptions.remove(request.readLong());
        if (subscription != null) {
            subscription.close();
        }
        return answer -> {};
    }

    private Content position() {
        Position position = bus.position();
        return answer -> {
            answer.writeLong(position.epoch());
            answer.writeLong(position.value());
        };
    }

    private Content whyUnusable() {
        String why = bus.whyUnusable().orElse("");
        return answer -> answer.writeUTF(why);
    }

    private Content whenUnusable(DataInputStream request) throws IOException {
        long number = request.readLong();
        subscriptions.put(
                number, bus.whenUnusable(why -> sendEvent(number, Event.UNUSABLE, event -> event.writeUTF(why))));
        return answer -> {};
    }

    private Content close() {
        bus.close();
        return answer -> {};
    }

    private OpenReader reader(long number) {
        OpenReader open = readers.get(number);
        if (open == null) {
            throw new BusException("no reader " + number);
        }
        return open;
    }

    private void sendEvent(long number, Event event, Content content) {
        send(BusWire.frame(frame -> {
            frame.writeLong(0);
            frame.writeLong(number);
            frame.writeUTF(event.name());
            content.writeTo(frame);
        }));
    }

    private void send(byte[] frame) {
        try {
            BusWire.send(out, frame);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends what a subscription hears. */
    private final class ToTest implements Subscriber {

        private final long number;

        ToTest(long number) {
            this.number = number;
        }

        @Override
        public void onMessage(Message message) {
            sendEvent(number, Event.MESSAGE, event -> BusWire.writeMessage(event, message));
        }

        @Override
        public void onGap(Gap gap) {
            sendEvent(number, Event.GAP, event -> BusWire.writeGap(event, gap));
        }
    }

    /** Keeps what a poll finds, in the form of the answer. */
    private static final class Found implements Subscriber {

        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final DataOutputStream data = new DataOutputStream(bytes);
        private int count;

        @Override
        public void onMessage(Message message) {
            add(true, out -> BusWire.writeMessage(out, message));
        }

        @Override
        public void onGap(Gap gap) {
            add(false, out -> BusWire.writeGap(out, gap));
        }

        private void add(boolean message, Content content) {
            try {
                data.writeBoolean(message);
                content.writeTo(data);
                count++;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
