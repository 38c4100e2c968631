package io.peal.load;

import io.peal.fanout.Limits;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** A server that sends messages to all its clients: its own, and those of its clients. Thread-safe. */
interface BroadcastServer extends AutoCloseable {

    /** What serves. */
    enum Kind {
        /** A file bus, and the fanout on Netty. */
        PEAL_NETTY,
        /** The same over io_uring, where the kernel has it. */
        PEAL_NETTY_IO_URING,
        /** A channel group of Netty's, to which each message is written as a frame. */
        NETTY,
        /** A file bus, and the fanout on Jetty. */
        PEAL_JETTY,
        /** Jetty, and a loop over its sessions. */
        JETTY,
        /** A channel group of Netty's behind Redis: what a server does that runs as several processes, without Peal. */
        NETTY_REDIS;

        /** @param directory for a bus */
        BroadcastServer start(Path directory) throws Exception {
            return switch (this) {
                case PEAL_NETTY -> NettyBroadcast.withPeal(directory, NettyBroadcast.Transport.best());
                case PEAL_NETTY_IO_URING -> NettyBroadcast.withPeal(directory, NettyBroadcast.Transport.IO_URING);
                case NETTY -> NettyBroadcast.withoutPeal();
                case PEAL_JETTY -> JettyBroadcast.withPeal(directory);
                case JETTY -> JettyBroadcast.withoutPeal();
                case NETTY_REDIS -> NettyBroadcast.overRedis(directory);
            };
        }
    }

    /** Clients may publish as fast as they can, as they may to the others. */
    Limits LIMITS = Limits.defaults().inboundRate(0, 1);

    /** Where it serves WebSocket clients. */
    String PATH = "/live";

    int port();

    int connections();

    void broadcast(ByteBuffer payload);

    /** Ends it, and the bus it is on. */
    @Override
    void close();
}
