package io.peal.testkit;

import io.peal.bus.Bus;

/** Opens a replica of a bus in a process of its own. Implementations have a public constructor without parameters. */
@FunctionalInterface
public interface BusOpener {

    /** Opens it; {@code args} are what {@link ReplicaJvms} was given. */
    Bus open(String... args) throws Exception;
}
