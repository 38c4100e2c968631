package io.peal.fanout.jetty;

import java.nio.ByteBuffer;
import org.eclipse.jetty.io.RetainableByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Finished frames in memory of the server's pool, which goes back to it when nobody holds them any more. Belongs to one
 * shard, so counting holds needs nothing atomic: a thousand connections hold and release each run.
 */
final class SharedBuffer {

    private final ByteBuffer bytes;
    private final @Nullable RetainableByteBuffer pooled;
    private int holds = 1;

    private SharedBuffer(ByteBuffer bytes, @Nullable RetainableByteBuffer pooled) {
        this.bytes = bytes;
        this.pooled = pooled;
    }

    /** @param pooled released with this */
    static SharedBuffer of(ByteBuffer bytes, RetainableByteBuffer pooled) {
        return new SharedBuffer(bytes, pooled);
    }

    /** In memory that is nobody's to release. */
    static SharedBuffer of(ByteBuffer bytes) {
        return new SharedBuffer(bytes, null);
    }

    /** The frames: who moves the position puts it back before somebody else looks. */
    ByteBuffer bytes() {
        return bytes;
    }

    SharedBuffer hold() {
        holds++;
        return this;
    }

    void release() {
        if (--holds == 0 && pooled != null) {
            pooled.release();
        }
    }
}
