package io.peal.testkit;

import io.peal.bus.Batch;
import io.peal.bus.Bus;
import io.peal.bus.ErrorHandler;
import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.Publisher;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Subscription;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.WakeUp;
import io.peal.testkit.BusWire.Event;
import io.peal.testkit.BusWire.Op;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A bus whose replica is another process: every call goes there ({@link ProcessBusMain}). Thread-safe as any bus. */
final class ProcessBus implements Bus {

    private final Process process;
    private final DataOutputStream out;
    private final DataInputStream in;
    private final AtomicLong numbers = new AtomicLong();
    private final Map<Long, CompletableFuture<DataInputStream>> answers = new ConcurrentHashMap<>();
    private final Map<Long, Subscriber> subscribers = new ConcurrentHashMap<>();
    private final Map<Long, Runnable> wakeUps = new ConcurrentHashMap<>();
    private final Map<Long, Consumer<String>> unusables = new ConcurrentHashMap<>();
    private final Publisher publisher = new RemotePublisher();
    private final int replica;
    private final int maxPayloadLength;

    private ProcessBus(Process process) throws IOException {
        this.process = process;
        this.out = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()));
        this.in = new DataInputStream(new BufferedInputStream(process.getInputStream()));
        this.replica = in.readInt();
        this.maxPayloadLength = in.readInt();
    }

    static ProcessBus start(Class<? extends BusOpener> opener, List<String> args) {
        String[] all = new String[args.size() + 1];
        all[0] = opener.getName();
        System.arraycopy(args.toArray(), 0, all, 1, args.size());
        try {
            Process process = new ProcessBuilder(JvmCommand.forMain(ProcessBusMain.class, all))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            ProcessBus bus = new ProcessBus(process);
            Thread receiver = new Thread(bus::receiveAll, "replica-" + process.pid());
            receiver.setDaemon(true);
            receiver.start();
            return bus;
        } catch (IOException e) {
            throw new UncheckedIOException("no replica from " + opener.getName() + " " + args, e);
        }
    }

    void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    @Override
    public Publisher publisher() {
        return publisher;
    }

    @Override
    public Subscription subscribe(Topic topic, StartFrom startFrom, Subscriber subscriber) {
        long number = numbers.incrementAndGet();
        subscribers.put(number, subscriber);
        ask(Op.SUBSCRIBE, arguments -> {
            arguments.writeLong(number);
            arguments.writeUTF(topic.name());
            BusWire.writeStart(arguments, startFrom);
        });
        return () -> closeSubscription(number);
    }

    @Override
    public WakeUp newWakeUp(Runnable onAvailable) {
        long number = numbers.incrementAndGet();
        wakeUps.put(number, onAvailable);
        ask(Op.NEW_WAKE_UP, arguments -> arguments.writeLong(number));
        return new RemoteWakeUp(number);
    }

    /** The process is told. What it sends although it was told is handed on, for the tests to see. */
    private void closeSubscription(long number) {
        ask(Op.CLOSE_SUBSCRIPTION, arguments -> arguments.writeLong(number));
    }

    @Override
    public Reader newReader(StartFrom startFrom) {
        return reader(startFrom, null);
    }

    @Override
    public Reader newReader(StartFrom startFrom, TopicSet topics) {
        return reader(startFrom, topics);
    }

    private Reader reader(StartFrom startFrom, @Nullable TopicSet topics) {
        DataInputStream answer = ask(Op.NEW_READER, arguments -> {
            BusWire.writeStart(arguments, startFrom);
            BusWire.writeTopics(arguments, topics);
        });
        return new ProcessReader(this, longFrom(answer), longFrom(answer), topics);
    }

    @Override
    public Position position() {
        DataInputStream answer = ask(Op.POSITION, arguments -> {});
        return new Position(longFrom(answer), longFrom(answer));
    }

    @Override
    public int replica() {
        return replica;
    }

    @Override
    public int maxPayloadLength() {
        return maxPayloadLength;
    }

    @Override
    public Optional<String> whyUnusable() {
        try {
            String why = ask(Op.WHY_UNUSABLE, arguments -> {}).readUTF();
            return why.isEmpty() ? Optional.empty() : Optional.of(why);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Subscription whenUnusable(Consumer<String> action) {
        long number = numbers.incrementAndGet();
        unusables.put(number, action);
        ask(Op.WHEN_UNUSABLE, arguments -> arguments.writeLong(number));
        return () -> closeSubscription(number);
    }

    /** Closes the bus in its process, which lives on to show what a closed bus answers. */
    @Override
    public void close() {
        ask(Op.CLOSE, arguments -> {});
    }

    DataInputStream ask(Op op, BusWire.Content arguments) {
        long number = numbers.incrementAndGet();
        CompletableFuture<DataInputStream> answer = new CompletableFuture<>();
        answers.put(number, answer);
        try {
            BusWire.send(out, BusWire.frame(request -> {
                request.writeLong(number);
                request.writeLong(Thread.currentThread().getId());
                request.writeUTF(op.name());
                arguments.writeTo(request);
            }));
            DataInputStream body = answer.join();
            if (body.readByte() != 0) {
                throw BusWire.readRefusal(body);
            }
            return body;
        } catch (IOException | CompletionException e) {
            throw new IllegalStateException("process " + process.pid() + " did not answer " + op, e);
        }
    }

    static long longFrom(DataInputStream answer) {
        try {
            return answer.readLong();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private final class RemotePublisher implements Publisher {

        @Override
        public long publish(Topic topic, ByteBuffer payload, PayloadKind kind) {
            return longFrom(ask(Op.PUBLISH, arguments -> BusWire.writeContent(arguments, topic, kind, payload)));
        }

        @Override
        public long publish(Batch batch) {
            return longFrom(ask(Op.PUBLISH_BATCH, arguments -> {
                arguments.writeInt(batch.size());
                for (int i = 0; i < batch.size(); i++) {
                    BusWire.writeContent(arguments, batch.topic(i), batch.kind(i), batch.payload(i));
                }
            }));
        }
    }

    private final class RemoteWakeUp implements WakeUp {

        private final long number;

        RemoteWakeUp(long number) {
            this.number = number;
        }

        @Override
        public boolean arm(long position) {
            return longFrom(ask(Op.ARM, arguments -> {
                        arguments.writeLong(number);
                        arguments.writeLong(position);
                    }))
                    != 0;
        }

        @Override
        public void close() {
            ask(Op.CLOSE_WAKE_UP, arguments -> arguments.writeLong(number));
        }
    }

    private void receiveAll() {
        try {
            while (true) {
                receive(BusWire.receive(in));
            }
        } catch (IOException e) {
            IOException ended = e instanceof EOFException ? new EOFException("the process ended") : e;
            answers.values().forEach(answer -> answer.completeExceptionally(ended));
        }
    }

    private void receive(DataInputStream frame) throws IOException {
        long number = frame.readLong();
        if (number == 0) {
            receiveEvent(frame);
        } else {
            CompletableFuture<DataInputStream> answer = answers.remove(number);
            if (answer != null) {
                answer.complete(frame);
            }
        }
    }

    private void receiveEvent(DataInputStream frame) throws IOException {
        long number = frame.readLong();
        Event event = Event.valueOf(frame.readUTF());
        Subscriber subscriber = subscribers.getOrDefault(number, message -> {});
        try {
            switch (event) {
                case MESSAGE -> subscriber.onMessage(BusWire.readMessage(frame));
                case GAP -> subscriber.onGap(BusWire.readGap(frame));
                case AVAILABLE -> wakeUps.getOrDefault(number, () -> {}).run();
                case UNUSABLE -> unusables.getOrDefault(number, why -> {}).accept(frame.readUTF());
            }
        } catch (RuntimeException | Error e) {
            ErrorHandler.logging().onError(e);
        }
    }
}
