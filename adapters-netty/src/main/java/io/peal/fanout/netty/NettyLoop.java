package io.peal.fanout.netty;

import io.peal.fanout.EventLoop;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/** A Netty event loop as the fanout sees it. Thread-safe. */
final class NettyLoop implements EventLoop {

    private final io.netty.channel.EventLoop loop;

    NettyLoop(io.netty.channel.EventLoop loop) {
        this.loop = loop;
    }

    @Override
    public boolean inLoop() {
        return loop.inEventLoop();
    }

    /** A loop that is shut down has no connections any more, so what is dropped then is nobody's. */
    @Override
    public void execute(Runnable task) {
        if (!loop.isShuttingDown()) {
            try {
                loop.execute(task);
            } catch (RejectedExecutionException shutDownMeanwhile) {
                return;
            }
        }
    }

    @Override
    public void schedule(Runnable task, Duration delay) {
        if (!loop.isShuttingDown()) {
            try {
                loop.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException shutDownMeanwhile) {
                return;
            }
        }
    }
}
