package io.peal.benchmarks;

import io.nats.client.Connection;
import io.nats.client.Nats;
import io.nats.client.Options;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** NATS publish and subscribe. */
final class NatsTransport implements Transport {

    private static final String SUBJECT = "comparison";
    private static final int NO_LIMIT = -1;

    private final Connection connection;

    NatsTransport(Path directory) throws IOException, InterruptedException {
        connection = Nats.connect(Options.builder()
                .server("nats://127.0.0.1:" + Companion.awaitPort(directory))
                .connectionTimeout(Duration.ofSeconds(20))
                .build());
    }

    /** The command of a server that keeps nothing. */
    static List<String> server(Path directory) throws IOException {
        String port = String.valueOf(Companion.choosePort(directory));
        return List.of("nats-server", "--addr", "127.0.0.1", "--port", port, "--log", "/dev/null");
    }

    @Override
    public void send(ByteBuffer payload, int length) {
        byte[] copy = new byte[length];
        payload.get(0, copy);
        connection.publish(SUBJECT, copy); // waits when its queue is full
    }

    @Override
    public void receive(Consumer<ByteBuffer> onPayload, BooleanSupplier done) {
        var dispatcher = connection.createDispatcher(message -> onPayload.accept(ByteBuffer.wrap(message.getData())));
        dispatcher.setPendingLimits(NO_LIMIT, NO_LIMIT);
        dispatcher.subscribe(SUBJECT);
        flush();
        Companion.sleepUntil(done);
    }

    /** Until the server knows of the subscription. */
    private void flush() {
        try {
            connection.flush(Duration.ofSeconds(20));
        } catch (TimeoutException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
