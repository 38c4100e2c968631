package io.peal.fanout.jetty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutContract;
import java.io.IOException;

/** The promises on Jetty. */
class JettyFanoutContractTest extends FanoutContract {

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        return JettyServer.start(fanout, path, handler);
    }
}
