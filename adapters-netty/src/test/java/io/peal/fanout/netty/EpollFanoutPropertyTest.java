package io.peal.fanout.netty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Random clients on Linux's own transport. */
@EnabledOnOs(OS.LINUX)
class EpollFanoutPropertyTest extends NettyFanoutPropertyTest {

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) {
        return NettyServer.onEpoll(fanout, path, handler);
    }
}
