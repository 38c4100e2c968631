package io.peal.examples.notify;

import io.peal.bus.Bus;
import io.peal.bus.BusException;
import io.peal.bus.BusFullException;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.fanout.CloseCode;
import io.peal.fanout.Connection;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.protocol.CentrifugeProtocol;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** The WebSocket endpoints: what is done with a connection, whatever server it came through. */
final class Endpoints {

    private final int replica;
    private final int port;
    private final Bus bus;
    private final CentrifugeProtocol resuming;

    Endpoints(int replica, int port, Fanout fanout) {
        this.replica = replica;
        this.port = port;
        this.bus = fanout.bus();
        this.resuming = CentrifugeProtocol.on(fanout)
                .application(new LiveClients(replica, port))
                .build();
    }

    /**
     * Says who serves, then sends every message of the topic. Messages come from the log in a later task of the event
     * loop, so the hello is the first: and whoever has it misses nothing that is published from then on.
     */
    ConnectionHandler listen() {
        return connection -> withTopic(connection, topic -> {
            connection.subscribe(topic, connection.since());
            Map<String, Object> hello = new LinkedHashMap<>();
            hello.put("replica", replica);
            hello.put("port", port);
            connection.send(Json.write(hello));
        });
    }

    /** Publishes every message it gets. */
    ConnectionHandler publish() {
        return new ConnectionHandler() {
            @Override
            public void onOpen(Connection connection) {
                withTopic(connection, topic -> {
                    if (Topics.isOwn(topic.name())) {
                        connection.close(CloseCode.POLICY_VIOLATION, "this topic is the service's own");
                    } else {
                        connection.attach(topic);
                    }
                });
            }

            @Override
            public void onMessage(Connection connection, PayloadKind kind, ByteBuffer payload) {
                if (connection.attachment() instanceof Topic topic) {
                    try {
                        bus.publisher().publish(topic, payload, kind);
                    } catch (BusException e) {
                        String why = e instanceof BusFullException ? "the bus is full" : "nothing can be published now";
                        connection.close(CloseCode.TRY_AGAIN_LATER, why);
                    }
                }
            }
        };
    }

    /** For clients that come back and miss nothing. */
    ConnectionHandler resume() {
        return resuming;
    }

    private interface TopicUser {
        void use(Topic topic);
    }

    private static void withTopic(Connection connection, TopicUser user) {
        try {
            user.use(Topics.named(connection.queryParameter("topic")));
        } catch (IllegalArgumentException e) {
            connection.close(CloseCode.POLICY_VIOLATION, e.getMessage());
        }
    }
}
