package io.peal.bus.aeron;

import io.peal.bus.Bus;
import io.peal.testkit.BusContract;
import io.peal.testkit.BusOpener;
import io.peal.testkit.ReplicaJvms;
import io.peal.testkit.SharedBus;
import io.peal.testkit.TestDirectory;
import java.nio.file.Path;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The contract over replicas that are processes, with a driver that one of them starts. */
@Execution(ExecutionMode.CONCURRENT)
final class AeronBusContractSystemTest extends BusContract {

    /** Opens the bus in the directory it is given. */
    public static final class Opener implements BusOpener {
        @Override
        public Bus open(String... args) {
            return AeronBus.at(Path.of(args[0])).driver(AeronDriver.spawned()).open();
        }
    }

    @Override
    protected SharedBus newBus() {
        TestDirectory directory = new TestDirectory();
        ReplicaJvms replicas =
                new ReplicaJvms(Opener.class, directory.path().resolve("bus").toString());
        return new SharedBus() {
            @Override
            public Bus newReplica() {
                return replicas.newReplica();
            }

            @Override
            public void close() {
                replicas.close();
                SpawnedDriver.killIn(directory.path().resolve("bus"));
                directory.close();
            }
        };
    }
}
