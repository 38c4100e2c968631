package io.peal.fanout.jetty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutPropertyContract;
import java.io.IOException;

/** Random clients of a listener among servlets of Jakarta EE 10. */
class AttachedEe10PropertyTest extends FanoutPropertyContract {

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        return JettyServer.startEe10(fanout, path, handler);
    }
}
