package io.peal.bus.aeron;

import io.peal.bus.Bus;
import io.peal.testkit.BusContract;
import io.peal.testkit.SharedBus;
import io.peal.testkit.TestDirectory;

/** The contract over several replicas in one JVM, with a driver in it. */
final class AeronBusContractTest extends BusContract {

    @Override
    protected SharedBus newBus() {
        TestDirectory directory = new TestDirectory();
        return new SharedBus() {
            @Override
            public Bus newReplica() {
                return AeronBus.at(directory.path().resolve("bus"))
                        .driver(AeronDriver.embedded())
                        .termLength(4 << 20)
                        .open();
            }

            @Override
            public void close() {
                directory.close();
            }
        };
    }
}
