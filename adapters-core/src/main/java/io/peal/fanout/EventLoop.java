package io.peal.fanout;

import java.time.Duration;

/** The thread that a shard belongs to, as its adapter provides it. Thread-safe. */
public interface EventLoop {

    /** Whether the calling thread is this one. */
    boolean inLoop();

    /** Runs a task on this thread, soon, behind those given before. */
    void execute(Runnable task);

    /** Runs a task on this thread after a while. */
    void schedule(Runnable task, Duration delay);

    /** Its last shard's last connection is gone, and the fanout is closed: a thread that is there for nothing else may end. */
    default void end() {}
}
