package io.peal.fanout.netty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The contract on Linux's own transport, which writes shared memory without a copy. */
@EnabledOnOs(OS.LINUX)
class EpollFanoutContractTest extends NettyFanoutContractTest {

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) {
        return NettyServer.onEpoll(fanout, path, handler);
    }
}
