package io.peal.fanout.netty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutSignalsContract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** What an operator sees, on NIO, with every buffer tracked: one that is not released fails the test. */
class NettyFanoutSignalsTest extends FanoutSignalsContract {

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
