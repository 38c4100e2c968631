package io.peal.bus.file;

import io.peal.bus.Bus;
import io.peal.testkit.BusContract;
import io.peal.testkit.SharedBus;
import io.peal.testkit.TestDirectory;

/** The contract over several replicas in one JVM, with segments so small that the log moves to new ones all the time. */
final class FileBusContractTest extends BusContract {

    @Override
    protected SharedBus newBus() {
        TestDirectory directory = new TestDirectory();
        return new SharedBus() {
            @Override
            public Bus newReplica() {
                return FileBus.at(directory.path())
                        .indexSegmentSlots(64)
                        .dataSegmentLength(64 * 1024)
                        .open();
            }

            @Override
            public void close() {
                directory.close();
            }
        };
    }
}
