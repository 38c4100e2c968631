package io.peal.fanout.jetty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutPropertyContract;
import java.io.IOException;

/** Random clients of a listener among servlets of Jakarta EE 11. */
class AttachedEe11PropertyTest extends FanoutPropertyContract {

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        return JettyServer.startEe11(fanout, path, handler);
    }
}
