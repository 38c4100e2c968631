package io.peal.benchmarks;

import io.peal.bus.Bus;
import io.peal.bus.PayloadKind;
import io.peal.bus.StartFrom;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A bus whose subscriber is called, and asleep in between. */
final class SleepingBusTransport implements Transport {

    private final Bus bus;

    SleepingBusTransport(Bus bus) {
        this.bus = bus;
    }

    @Override
    public void send(ByteBuffer payload, int length) {
        bus.publisher().publish(BusTransport.TOPIC, payload.limit(length).position(0), PayloadKind.BINARY);
    }

    @Override
    public void receive(Consumer<ByteBuffer> onPayload, BooleanSupplier done) {
        bus.subscribe(BusTransport.TOPIC, StartFrom.earliest(), message -> onPayload.accept(message.payload()));
        Companion.sleepUntil(done);
    }

    @Override
    public void close() {
        bus.close();
    }
}
