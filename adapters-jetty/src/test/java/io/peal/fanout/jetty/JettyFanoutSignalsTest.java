package io.peal.fanout.jetty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutSignalsContract;
import java.io.IOException;

/** What an operator sees on Jetty. */
class JettyFanoutSignalsTest extends FanoutSignalsContract {

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        return JettyServer.start(fanout, path, handler);
    }
}
