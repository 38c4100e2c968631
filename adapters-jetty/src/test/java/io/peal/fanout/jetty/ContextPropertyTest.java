package io.peal.fanout.jetty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutPropertyContract;
import java.io.IOException;

/** Random clients of an endpoint in the context of a web application. */
class ContextPropertyTest extends FanoutPropertyContract {

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        return JettyServer.startInContext(fanout, path, handler);
    }
}
