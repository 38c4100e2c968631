package io.peal.examples.notify;

import io.peal.fanout.Fanout;
import io.peal.fanout.jetty.JettyFanout;
import java.io.IOException;
import java.net.BindException;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** The server on Jetty. What Peal needs of it are the handlers that {@code endpoint} makes. */
final class JettyServer implements WebServer {

    private static final int BACKLOG = 4096;

    private final Server server;
    private final ServerConnector listener;

    private JettyServer(Server server, ServerConnector listener) {
        this.server = server;
        this.listener = listener;
    }

    static JettyServer start(int port, boolean sharedPort, Fanout fanout, Endpoints endpoints, Api api)
            throws IOException {
        JettyFanout live = JettyFanout.of(fanout);
        Server server = new Server();
        server.setHandler(new JettyApiHandler(api));
        server.insertHandler(live.endpoint("/api/v1/listen", endpoints.listen()));
        server.insertHandler(live.endpoint("/api/v1/publish", endpoints.publish()));
        server.insertHandler(live.endpoint("/connection/websocket", endpoints.resume()));
        return start(port, sharedPort, server);
    }

    private static JettyServer start(int port, boolean sharedPort, Server server) throws IOException {
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        ServerConnector listener = new ServerConnector(server, new HttpConnectionFactory(http));
        listener.setPort(port);
        listener.setReusePort(sharedPort);
        listener.setAcceptQueueSize(BACKLOG);
        server.addConnector(listener);
        try {
            server.start();
        } catch (Exception e) {
            stop(server);
            throw new BindException("cannot listen on port " + port + ": " + e.getMessage());
        }
        return new JettyServer(server, listener);
    }

    @Override
    public void stopListening() {
        listener.close();
    }

    @Override
    public void close() {
        stop(server);
    }

    private static void stop(Server server) {
        try {
            server.stop();
        } catch (Exception e) {
            System.err.println("notify: Jetty does not stop: " + e);
        }
    }
}
