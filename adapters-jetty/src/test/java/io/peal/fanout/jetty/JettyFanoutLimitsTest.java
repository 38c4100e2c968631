package io.peal.fanout.jetty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutLimitsContract;
import java.io.IOException;

/** The limits on Jetty. */
class JettyFanoutLimitsTest extends FanoutLimitsContract {

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        return JettyServer.start(fanout, path, handler);
    }
}
