package io.peal.benchmarks;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.Consumer;

/** A way from one process to another, as the comparing programs use it. Belongs to one thread. */
interface Transport extends AutoCloseable {

    /** Sends one payload; tries again as long as the receiver is not as far. */
    void send(ByteBuffer payload, int length);

    /**
     * Receives what is there.
     *
     * @param onPayload is shown each payload, from the buffer's position on
     * @return how much was done; 0 when there was nothing
     */
    int receive(Consumer<ByteBuffer> onPayload);

    /** How many messages were lost on the way, as far as the receiver was told. */
    long lost();

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
        /** The bus over Aeron, its reader asleep in between. */
        AERON_BUS_ASLEEP,
        /** Aeron IPC with a driver in a third process, everything at its defaults. */
        AERON,
        /** The same, its receiver sleeping longer and longer, from 1 us to 1 ms, while there is nothing. */
        AERON_BACKOFF;

        boolean isAsleep() {
            return this == FILE_ASLEEP || this == AERON_BUS_ASLEEP;
        }

        /** The same for its sender, which never sleeps. */
        Kind awake() {
            return switch (this) {
                case FILE_ASLEEP -> FILE;
                case AERON_BUS_ASLEEP -> AERON_BUS;
                case AERON_BACKOFF -> AERON;
                default -> this;
            };
        }

        boolean needsDriver() {
            return this != FILE && this != FILE_ASLEEP && this != FILE_BATCH;
        }
    }

    /** The sending or the receiving end of one kind, in a directory that both share. */
    static Transport open(Kind kind, Path directory, boolean sender) {
        return switch (kind) {
            case FILE -> BusTransport.file(directory, 1);
            case FILE_BATCH -> BusTransport.file(directory, sender ? 32 : 1);
            case AERON_BUS -> new BusTransport(BusTransport.aeron(directory), 1);
            case FILE_ASLEEP, AERON_BUS_ASLEEP, AERON_BACKOFF ->
                throw new IllegalArgumentException("who sleeps is called, and does not receive");
            case AERON -> new AeronTransport(directory, sender);
        };
    }
}
