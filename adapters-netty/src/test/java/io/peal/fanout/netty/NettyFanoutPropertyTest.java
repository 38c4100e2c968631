package io.peal.fanout.netty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutPropertyContract;
import org.junit.jupiter.api.extension.ExtendWith;

/** Random clients on NIO, with every buffer tracked: one that is not released fails the test. */
@ExtendWith(Leaks.class)
class NettyFanoutPropertyTest extends FanoutPropertyContract {

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) {
        return NettyServer.onNio(fanout, path, handler);
    }
}
