package io.peal.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A way from one process to another, as the comparing programs use it: one end of it. Belongs to one thread. */
interface Transport extends AutoCloseable {

    /** Sends one payload; tries again as long as it is not taken. */
    void send(ByteBuffer payload, int length);

    /**
     * Receives, in the way of this kind: spinning in this thread, or called on another one while this one sleeps.
     *
     * @param onPayload is shown each payload, from the buffer's position on, one at a time
     * @param done is asked now and then; when it is true, this returns
     */
    void receive(Consumer<ByteBuffer> onPayload, BooleanSupplier done);

    /** How many messages were lost on the way, as far as the receiver was told. */
    default long lost() {
        return 0;
    }

    @Override
    void close();

    /** Those that can be compared. */
    enum Kind {
        /** The bus over files, spinning. */
        FILE,
        /** The bus over files, its reader asleep in between. */
        FILE_ASLEEP,
        /** The bus over files, spinning, 32 messages with each call. */
        FILE_BATCH,
        /** The bus over Aeron, spinning. */
        AERON_BUS,
        /** The bus over Aeron, spinning, 32 messages with each call. */
        AERON_BUS_BATCH,
        /** The bus over Aeron, its reader asleep in between. */
        AERON_BUS_ASLEEP,
        /** Aeron IPC with a driver in a third process, everything at its defaults, spinning. */
        AERON,
        /** The same, its receiver sleeping longer and longer, from 1 us to 1 ms, while there is nothing. */
        AERON_BACKOFF,
        /** Chronicle Queue, spinning. */
        CHRONICLE,
        /** Redis publish and subscribe, by Lettuce; publishing does not wait for the answer. */
        REDIS,
        /** NATS publish and subscribe, by its Java client. */
        NATS;

        /** Whether its receiver keeps a core busy. */
        boolean spins() {
            return switch (this) {
                case FILE, FILE_BATCH, AERON_BUS, AERON_BUS_BATCH, AERON, CHRONICLE -> true;
                case FILE_ASLEEP, AERON_BUS_ASLEEP, AERON_BACKOFF, REDIS, NATS -> false;
            };
        }

        /** How many messages are sent together. */
        int messagesACall() {
            return this == FILE_BATCH || this == AERON_BUS_BATCH ? 32 : 1;
        }

        /** The command of the process that has to run beside, nothing if none has. */
        List<String> companion(Path directory) throws IOException {
            return switch (this) {
                case FILE, FILE_ASLEEP, FILE_BATCH, CHRONICLE -> List.of();
                case AERON_BUS, AERON_BUS_BATCH, AERON_BUS_ASLEEP, AERON, AERON_BACKOFF ->
                    ProcessPair.java(AeronTransport.class, List.of(directory.toString()));
                case REDIS -> RedisTransport.server(directory);
                case NATS -> NatsTransport.server(directory);
            };
        }
    }

    /** The sending or the receiving end of one kind, in a directory that both share. */
    static Transport open(Kind kind, Path directory, boolean sender) throws IOException, InterruptedException {
        return switch (kind) {
            case FILE, FILE_BATCH -> new BusTransport(BusTransport.file(directory), kind.messagesACall());
            case AERON_BUS, AERON_BUS_BATCH -> new BusTransport(BusTransport.aeron(directory), kind.messagesACall());
            case FILE_ASLEEP -> new SleepingBusTransport(BusTransport.file(directory));
            case AERON_BUS_ASLEEP -> new SleepingBusTransport(BusTransport.aeron(directory));
            case AERON, AERON_BACKOFF -> new AeronTransport(directory, sender, kind == Kind.AERON);
            case CHRONICLE -> new ChronicleTransport(directory, sender);
            case REDIS -> new RedisTransport(directory);
            case NATS -> new NatsTransport(directory);
        };
    }
}
