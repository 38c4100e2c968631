package io.peal.benchmarks;

import io.peal.bus.Batch;
import io.peal.bus.Bus;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.aeron.AeronBus;
import io.peal.bus.aeron.AeronDriver;
import io.peal.bus.file.FileBus;
import io.peal.bus.file.Waiting;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A bus. */
final class BusTransport implements Transport, Subscriber {

    static final Topic TOPIC = Topic.of("comparison");
    private static final int POLL_LIMIT = 64;

    private final Bus bus;
    private @Nullable Reader reader; // of the receiving end
    private final Batch batch = new Batch();
    private final int batchSize;
    private Consumer<ByteBuffer> onPayload = payload -> {};
    private long lost;

    /** The bus over files. */
    static BusTransport file(Path directory, int batchSize) {
        return new BusTransport(
                FileBus.at(directory.resolve("bus")).waiting(Waiting.SLEEPING).open(), batchSize);
    }

    /** The bus over Aeron, with the driver that is compared with, too. */
    static Bus aeron(Path directory) {
        return AeronBus.at(directory.resolve("bus"))
                .driver(AeronDriver.external(directory.resolve("aeron")))
                .open();
    }

    BusTransport(Bus bus, int batchSize) {
        this.bus = bus;
        this.batchSize = batchSize;
    }

    @Override
    public void send(ByteBuffer payload, int length) {
        payload.limit(length).position(0);
        if (batchSize == 1) {
            bus.publisher().publish(TOPIC, payload, PayloadKind.BINARY);
        } else if (batch.add(TOPIC, payload, PayloadKind.BINARY).size() == batchSize) {
            bus.publisher().publish(batch);
            batch.clear();
        }
    }

    @Override
    public int receive(Consumer<ByteBuffer> newOnPayload) {
        onPayload = newOnPayload;
        Reader from = reader;
        if (from == null) {
            from = bus.newReader(StartFrom.earliest());
            reader = from;
        }
        return from.poll(this, POLL_LIMIT);
    }

    @Override
    public long lost() {
        return lost;
    }

    @Override
    public void close() {
        if (!batch.isEmpty()) {
            bus.publisher().publish(batch);
        }
        bus.close();
    }

    @Override
    public void onMessage(Message message) {
        onPayload.accept(message.payload());
    }

    @Override
    public void onGap(Gap gap) {
        lost += gap.last() - gap.first() + 1;
    }
}
