package io.peal.fanout.jetty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutBed;
import java.io.IOException;
import java.net.InetAddress;
import java.util.function.Function;
import org.eclipse.jetty.ee10.websocket.server.config.JettyWebSocketServletContainerInitializer;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.jspecify.annotations.Nullable;

/** Servers as users have them. */
final class JettyServer implements FanoutBed.Server {

    private static final int SHARDS = 2; // whatever the machine has

    private final Server server = new Server();
    private final ServerConnector connector;

    private JettyServer() {
        this(null);
    }

    private JettyServer(SslContextFactory.@Nullable Server tls) {
        connector = tls == null ? new ServerConnector(server) : new ServerConnector(server, tls);
        connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
        server.addConnector(connector);
    }

    /** With three endpoints, the middle of which is the one that is tested. */
    static JettyServer start(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        JettyServer jetty = new JettyServer();
        JettyFanout live = JettyFanout.of(fanout, SHARDS);
        jetty.server.insertHandler(live.endpoint("/behind", connection -> {}));
        jetty.server.insertHandler(live.endpoint(path, handler));
        jetty.server.insertHandler(live.endpoint("/before", connection -> {}));
        return jetty.started();
    }

    /** With one endpoint behind TLS. */
    static JettyServer startSecure(Fanout fanout, String path, ConnectionHandler handler, SslContextFactory.Server tls)
            throws IOException {
        JettyServer jetty = new JettyServer(tls);
        jetty.server.insertHandler(JettyFanout.of(fanout, SHARDS).endpoint(path, handler));
        return jetty.started();
    }

    /** With an endpoint inside the context of a web application. */
    static JettyServer startInContext(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        JettyServer jetty = new JettyServer();
        var context = new org.eclipse.jetty.ee10.servlet.ServletContextHandler();
        context.insertHandler(JettyFanout.of(fanout, SHARDS).endpoint(path, handler));
        return jetty.serving(context);
    }

    /** With a listener of its own on Jetty's own API. */
    static JettyServer startAttaching(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        return startListening(fanout, path, live -> new AttachingListener(live, handler));
    }

    /** With any listener on Jetty's own API. */
    static JettyServer startListening(Fanout fanout, String path, Function<JettyFanout, Object> listeners)
            throws IOException {
        JettyServer jetty = new JettyServer();
        JettyFanout live = JettyFanout.of(fanout, SHARDS);
        return jetty.serving(WebSocketUpgradeHandler.from(
                jetty.server,
                container -> container.addMapping(path, (request, response, callback) -> listeners.apply(live))));
    }

    /** With a listener of its own among servlets of Jakarta EE 10. */
    static JettyServer startEe10(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        JettyServer jetty = new JettyServer();
        JettyFanout live = JettyFanout.of(fanout, SHARDS);
        var context = new org.eclipse.jetty.ee10.servlet.ServletContextHandler();
        JettyWebSocketServletContainerInitializer.configure(
                context,
                (servlets, container) ->
                        container.addMapping(path, (request, response) -> new AttachingListener(live, handler)));
        return jetty.serving(context);
    }

    /** With a listener of its own among servlets of Jakarta EE 11. */
    static JettyServer startEe11(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        JettyServer jetty = new JettyServer();
        JettyFanout live = JettyFanout.of(fanout, SHARDS);
        var context = new org.eclipse.jetty.ee11.servlet.ServletContextHandler();
        org.eclipse.jetty.ee11.websocket.server.config.JettyWebSocketServletContainerInitializer.configure(
                context,
                (servlets, container) ->
                        container.addMapping(path, (request, response) -> new AttachingListener(live, handler)));
        return jetty.serving(context);
    }

    private JettyServer serving(Handler handler) throws IOException {
        server.setHandler(handler);
        return started();
    }

    private JettyServer started() throws IOException {
        try {
            server.start();
        } catch (Exception e) {
            throw new IOException("Jetty does not start", e);
        }
        return this;
    }

    @Override
    public int port() {
        return connector.getLocalPort();
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException("Jetty does not stop", e);
        }
    }
}
