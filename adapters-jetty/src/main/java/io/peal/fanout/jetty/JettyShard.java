package io.peal.fanout.jetty;

import io.peal.fanout.EventLoop;
import io.peal.fanout.MessageInflater;
import io.peal.fanout.Shard;
import org.jspecify.annotations.Nullable;

/** A shard with the thread it belongs to, and what its connections share. */
final class JettyShard {

    private final Shard<SharedBuffer> shard;
    private final EventLoop loop;
    private @Nullable MessageInflater inflater; // the thread's own

    JettyShard(Shard<SharedBuffer> shard, EventLoop loop) {
        this.shard = shard;
        this.loop = loop;
    }

    Shard<SharedBuffer> shard() {
        return shard;
    }

    EventLoop loop() {
        return loop;
    }

    /** For compressed messages of its clients; on its thread. */
    MessageInflater inflater() {
        MessageInflater known = inflater;
        if (known == null) {
            known = new MessageInflater();
            inflater = known;
        }
        return known;
    }
}
