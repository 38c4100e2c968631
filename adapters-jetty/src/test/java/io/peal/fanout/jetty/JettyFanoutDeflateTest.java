package io.peal.fanout.jetty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutDeflateContract;
import java.io.IOException;

/** Compression on Jetty. */
class JettyFanoutDeflateTest extends FanoutDeflateContract {

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        return JettyServer.start(fanout, path, handler);
    }
}
