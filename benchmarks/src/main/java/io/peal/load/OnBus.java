package io.peal.load;

import io.peal.bus.Bus;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.fanout.Connection;
import io.peal.fanout.ConnectionHandler;
import java.nio.ByteBuffer;

/** Subscribes every client to one topic, and publishes what it says there. */
final class OnBus implements ConnectionHandler {

    private final Bus bus;
    private final Topic topic;

    OnBus(Bus bus, Topic topic) {
        this.bus = bus;
        this.topic = topic;
    }

    @Override
    public void onOpen(Connection connection) {
        connection.subscribe(topic);
    }

    @Override
    public void onMessage(Connection connection, PayloadKind kind, ByteBuffer payload) {
        bus.publisher().publish(topic, payload, kind);
    }
}
