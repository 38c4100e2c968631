package io.peal.fanout.jetty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutAllocationContract;
import java.io.IOException;

/** What a delivery costs in garbage on Jetty. */
class FanoutAllocationTest extends FanoutAllocationContract {

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        return JettyServer.start(fanout, path, handler);
    }

    @Override
    protected boolean isLoop(String threadName) {
        return threadName.startsWith("peal-jetty");
    }
}
