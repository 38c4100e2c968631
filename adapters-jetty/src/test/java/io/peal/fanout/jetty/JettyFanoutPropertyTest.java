package io.peal.fanout.jetty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutPropertyContract;
import java.io.IOException;

/** Random clients on Jetty. */
class JettyFanoutPropertyTest extends FanoutPropertyContract {

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        return JettyServer.start(fanout, path, handler);
    }
}
