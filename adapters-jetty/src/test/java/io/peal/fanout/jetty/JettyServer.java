package io.peal.fanout.jetty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutBed;
import java.io.IOException;
import java.net.InetAddress;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** A server with three endpoints, the middle of which is the one that is tested. */
final class JettyServer implements FanoutBed.Server {

    private final Server server = new Server();
    private final ServerConnector connector = new ServerConnector(server);

    private JettyServer(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        JettyFanout live = JettyFanout.of(fanout);
        connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
        server.addConnector(connector);
        server.insertHandler(live.endpoint("/behind", connection -> {}));
        server.insertHandler(live.endpoint(path, handler));
        server.insertHandler(live.endpoint("/before", connection -> {}));
        try {
            server.start();
        } catch (Exception e) {
            throw new IOException("Jetty does not start", e);
        }
    }

    static JettyServer start(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        return new JettyServer(fanout, path, handler);
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
