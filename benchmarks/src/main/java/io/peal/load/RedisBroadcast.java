package io.peal.load;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/** A Redis of its own, as a bus. Thread-safe. */
final class RedisBroadcast {

    private static final byte[] CHANNEL = "broadcast".getBytes(StandardCharsets.UTF_8);
    private static final int ATTEMPTS = 200;

    private final StatefulRedisPubSubConnection<byte[], byte[]> publishing;

    /**
     * Starts a server that ends with this process.
     *
     * @param onMessage called on the client's thread
     */
    RedisBroadcast(Path directory, Consumer<byte[]> onMessage) throws IOException {
        Files.createDirectories(directory);
        int port = freePort();
        Process server = new ProcessBuilder(
                        List.of("redis-server", "--port", String.valueOf(port), "--save", "", "--loglevel", "warning"))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(server::destroy));
        RedisClient client = RedisClient.create(RedisURI.create("127.0.0.1", port));
        this.publishing = connect(client);
        StatefulRedisPubSubConnection<byte[], byte[]> subscribing = connect(client);
        subscribing.addListener(new RedisPubSubAdapter<>() {
            @Override
            public void message(byte[] channel, byte[] message) {
                onMessage.accept(message);
            }
        });
        subscribing.sync().subscribe(CHANNEL);
    }

    void publish(byte[] message) {
        publishing.async().publish(CHANNEL, message);
    }

    private static StatefulRedisPubSubConnection<byte[], byte[]> connect(RedisClient client) {
        for (int attempt = 1; ; attempt++) {
            try {
                return client.connectPubSub(ByteArrayCodec.INSTANCE);
            } catch (RuntimeException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
                LockSupport.parkNanos(20_000_000);
            }
        }
    }

    private static int freePort() {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
