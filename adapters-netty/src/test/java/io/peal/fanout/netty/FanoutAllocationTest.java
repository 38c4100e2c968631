package io.peal.fanout.netty;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetector.Level;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutAllocationContract;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a delivery costs in garbage on Netty's epoll. */
@EnabledOnOs(OS.LINUX)
@ExtendWith(Leaks.class)
class FanoutAllocationTest extends FanoutAllocationContract {

    private Level before = Level.DISABLED;

    /** It notes every buffer. */
    @BeforeEach
    void trackNoLeaks() {
        before = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(Level.DISABLED);
    }

    @AfterEach
    void trackLeaksAgain() {
        ResourceLeakDetector.setLevel(before);
    }

    @Override
    protected Server start(Fanout fanout, String path, ConnectionHandler handler) {
        return NettyServer.onEpoll(fanout, path, handler);
    }

    @Override
    protected boolean isLoop(String threadName) {
        return threadName.startsWith("multiThreadIoEventLoopGroup");
    }
}
