package io.peal.testkit;

import io.peal.bus.Bus;

/** A bus under test: one fresh log that any number of replicas can join. Closing it removes whatever it left. */
public interface SharedBus extends AutoCloseable {

    /** Another replica on the log; the test closes it. */
    Bus newReplica();

    @Override
    default void close() {}
}
