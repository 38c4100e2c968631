package io.peal.fanout.netty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutPropertyContract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Random clients on NIO, with every buffer tracked: one that is not released fails the test. */
class NettyFanoutPropertyTest extends FanoutPropertyContract {

    @BeforeAll
    static void trackEveryBuffer() {
        Leaks.watch();
    }

    @AfterAll
    static void nothingLeaked() {
        Leaks.assertNone();
    }

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) {
        return NettyServer.onNio(fanout, path, handler);
    }
}
