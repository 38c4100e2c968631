package io.peal.examples.notify;

import io.peal.fanout.Fanout;
import java.io.IOException;

/** What a replica needs of a server, whichever it is. */
interface WebServer extends AutoCloseable {

    /** Starts the server that the settings name. */
    static WebServer start(Settings settings, boolean sharedPort, Fanout fanout, Endpoints endpoints, Api api)
            throws IOException {
        return settings.server.equals(Settings.JETTY)
                ? JettyServer.start(settings.port, sharedPort, fanout, endpoints, api)
                : NettyServer.start(settings.port, sharedPort, fanout, endpoints, api);
    }

    /** Accepts no more connections; those that are there stay. */
    void stopListening();

    @Override
    void close();
}
