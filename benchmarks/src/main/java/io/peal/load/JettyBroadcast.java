package io.peal.load;

import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.bus.file.FileBus;
import io.peal.fanout.Fanout;
import io.peal.fanout.jetty.JettyFanout;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.jspecify.annotations.Nullable;

/** Servers on Jetty: Peal, and what one writes without it. */
final class JettyBroadcast implements BroadcastServer {

    private static final Topic TOPIC = Topic.of("broadcast");
    private static final int BACKLOG = 4_096;

    private final ServerConnector listener;
    private final IntSupplier connections;
    private final Consumer<ByteBuffer> broadcast;

    private final Runnable closeSource;

    /** @param closeSource ends where its messages come from */
    private JettyBroadcast(
            ServerConnector listener, IntSupplier connections, Consumer<ByteBuffer> broadcast, Runnable closeSource) {
        this.listener = listener;
        this.connections = connections;
        this.broadcast = broadcast;
        this.closeSource = closeSource;
    }

    static JettyBroadcast withPeal(Path directory) throws Exception {
        FileBus bus = FileBus.open(directory);
        Fanout fanout = Fanout.on(bus).limits(BroadcastServer.LIMITS).build();
        JettyFanout live = JettyFanout.of(fanout);
        Server server = new Server();
        server.insertHandler(live.endpoint(PATH, new OnBus(bus, TOPIC)));
        return new JettyBroadcast(
                start(server),
                fanout::connections,
                payload -> bus.publisher().publish(TOPIC, payload, PayloadKind.BINARY),
                () -> {
                    fanout.close();
                    bus.close();
                });
    }

    static JettyBroadcast withoutPeal() throws Exception {
        List<Session> all = new CopyOnWriteArrayList<>();
        Server server = new Server();
        server.setHandler(WebSocketUpgradeHandler.from(
                server, container -> container.addMapping(PATH, (request, response, callback) -> new Joining(all))));
        Consumer<ByteBuffer> broadcast = payload -> {
            ByteBuffer copy =
                    ByteBuffer.allocateDirect(payload.remaining()).put(payload).flip();
            for (Session session : all) {
                session.sendBinary(copy.duplicate(), Callback.NOOP);
            }
        };
        return new JettyBroadcast(start(server), all::size, broadcast, () -> {});
    }

    private static ServerConnector start(Server server) throws Exception {
        ServerConnector connector = new ServerConnector(server);
        connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
        connector.setAcceptQueueSize(BACKLOG);
        server.addConnector(connector);
        server.start();
        return connector;
    }

    @Override
    public int port() {
        return listener.getLocalPort();
    }

    @Override
    public int connections() {
        return connections.getAsInt();
    }

    @Override
    public void broadcast(ByteBuffer payload) {
        broadcast.accept(payload);
    }

    @Override
    public void close() {
        closeSource.run();
        try {
            listener.getServer().stop();
        } catch (Exception e) {
            throw new IllegalStateException("Jetty does not stop", e);
        }
    }

    /** In the list as long as its connection is open, and passes on what the client says. Public: Jetty looks for its methods. */
    public static final class Joining implements Session.Listener.AutoDemanding {

        private final List<Session> all;
        private @Nullable Session joined;

        Joining(List<Session> all) {
            this.all = all;
        }

        @Override
        public void onWebSocketOpen(Session session) {
            joined = session;
            all.add(session);
        }

        @Override
        public void onWebSocketClose(int statusCode, String reason, Callback callback) {
            all.remove(joined);
            callback.succeed();
        }

        @Override
        public void onWebSocketText(String message) {
            for (Session session : all) {
                session.sendText(message, Callback.NOOP);
            }
        }

        /** A client that is gone is nothing to report. */
        @Override
        public void onWebSocketError(Throwable cause) {}
    }
}
