package io.peal.benchmarks;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Redis publish and subscribe. The publisher does not wait for answers, but for those of a thousand messages ago. */
final class RedisTransport implements Transport {

    private static final byte[] CHANNEL = "comparison".getBytes(StandardCharsets.UTF_8);
    private static final int UNANSWERED = 1_000;

    private final RedisClient client;
    private final StatefulRedisPubSubConnection<byte[], byte[]> connection;
    private final Semaphore unanswered = new Semaphore(UNANSWERED);

    RedisTransport(Path directory) throws IOException {
        client = RedisClient.create(RedisURI.create("127.0.0.1", Companion.awaitPort(directory)));
        connection = client.connectPubSub(ByteArrayCodec.INSTANCE);
    }

    /** The command of a server that keeps nothing. */
    static List<String> server(Path directory) throws IOException {
        String port = String.valueOf(Companion.choosePort(directory));
        return List.of(
                "redis-server",
                "--port",
                port,
                "--save",
                "",
                "--appendonly",
                "no",
                "--loglevel",
                "warning",
                "--client-output-buffer-limit",
                "pubsub",
                "0",
                "0",
                "0");
    }

    @Override
    public void send(ByteBuffer payload, int length) {
        byte[] copy = new byte[length];
        payload.get(0, copy);
        unanswered.acquireUninterruptibly();
        connection.async().publish(CHANNEL, copy).whenComplete((receivers, failure) -> unanswered.release());
    }

    @Override
    public void receive(Consumer<ByteBuffer> onPayload, BooleanSupplier done) {
        connection.addListener(new RedisPubSubAdapter<>() {
            @Override
            public void message(byte[] channel, byte[] message) {
                onPayload.accept(ByteBuffer.wrap(message));
            }
        });
        connection.sync().subscribe(CHANNEL);
        Companion.sleepUntil(done);
    }

    @Override
    public void close() {
        connection.close();
        client.shutdown();
    }
}
