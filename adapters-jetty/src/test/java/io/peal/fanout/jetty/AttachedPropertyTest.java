package io.peal.fanout.jetty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutPropertyContract;
import java.io.IOException;

/** Random clients of a listener that attaches its sessions. */
class AttachedPropertyTest extends FanoutPropertyContract {

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        return JettyServer.startAttaching(fanout, path, handler);
    }
}
