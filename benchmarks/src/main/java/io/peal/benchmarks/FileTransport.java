package io.peal.benchmarks;

import io.peal.bus.Batch;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.file.FileBus;
import io.peal.bus.file.Waiting;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.Consumer;

/** The bus over files. */
final class FileTransport implements Transport, Subscriber {

    static final Topic TOPIC = Topic.of("comparison");
    private static final int POLL_LIMIT = 64;

    private final FileBus bus;
    private final Reader reader;
    private final Batch batch = new Batch();
    private final int batchSize;
    private Consumer<ByteBuffer> onPayload = payload -> {};
    private long lost;

    FileTransport(Path directory, int batchSize) {
        this.bus =
                FileBus.at(directory.resolve("bus")).waiting(Waiting.SLEEPING).open();
        this.reader = bus.newReader(StartFrom.earliest());
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
        return reader.poll(this, POLL_LIMIT);
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
