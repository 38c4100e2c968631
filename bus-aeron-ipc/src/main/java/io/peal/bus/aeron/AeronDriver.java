package io.peal.bus.aeron;

import io.aeron.CommonContext;
import java.nio.file.Path;

/** Which media driver the replicas of a bus use. All replicas of one bus say the same. */
public sealed interface AeronDriver {

    /**
     * A driver that runs already, in Aeron's default directory: the recommended way where Aeron is in use. Whoever runs it
     * decides how fast its death is noticed and how long a dead publisher stalls the readers.
     */
    static AeronDriver external() {
        return external(Path.of(CommonContext.getAeronDirectoryName()));
    }

    /** A driver that runs already, in this directory. */
    static AeronDriver external(Path aeronDirectory) {
        return new External(aeronDirectory);
    }

    /**
     * One of the replicas starts the driver as a process of its own, which outlives that replica, and ends when there was no
     * replica for half a minute. When it dies, another one is started.
     */
    static AeronDriver spawned() {
        return new Spawned();
    }

    /** The driver runs within one of the replicas, and dies with it: for tests, and for a service of one process. */
    static AeronDriver embedded() {
        return new Embedded();
    }

    /** See {@link AeronDriver#external(Path)}. */
    record External(Path aeronDirectory) implements AeronDriver {}

    /** See {@link AeronDriver#spawned()}. */
    record Spawned() implements AeronDriver {}

    /** See {@link AeronDriver#embedded()}. */
    record Embedded() implements AeronDriver {}
}
