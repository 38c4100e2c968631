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
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A bus. */
final class BusTransport implements Transport, Subscriber {

    static final Topic TOPIC = Topic.of("comparison");
    private static final int POLL_LIMIT = 64;

    private final Bus bus;
    private final Batch batch = new Batch();
    private final int batchSize;
    private Consumer<ByteBuffer> onPayload = payload -> {};
    private long lost;

    /** The bus over files. */
    static Bus file(Path directory) {
        return FileBus.at(directory.resolve("bus")).waiting(Waiting.SLEEPING).open();
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
    public void receive(Consumer<ByteBuffer> newOnPayload, BooleanSupplier done) {
        onPayload = newOnPayload;
        try (Reader reader = bus.newReader(StartFrom.earliest())) {
            while (!done.getAsBoolean()) {
                if (reader.poll(this, POLL_LIMIT) == 0) {
                    Thread.onSpinWait();
                }
            }
        }
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
