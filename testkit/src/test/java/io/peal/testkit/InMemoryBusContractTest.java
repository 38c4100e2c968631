package io.peal.testkit;

import io.peal.bus.Bus;

final class InMemoryBusContractTest extends BusContract {

    @Override
    protected SharedBus newBus() {
        InMemoryBus first = InMemoryBus.create();
        return new SharedBus() {
            @Override
            public Bus newReplica() {
                return first.newReplica();
            }

            @Override
            public void close() {
                first.close();
            }
        };
    }
}
