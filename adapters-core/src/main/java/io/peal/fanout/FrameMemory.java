package io.peal.fanout;

import java.nio.ByteBuffer;

/**
 * Where finished frames live: memory of the kind that a server writes from without another copy. One for each shard, called
 * on its event loop.
 *
 * @param <B> a buffer of that kind
 */
public interface FrameMemory<B> {

    /** A buffer with exactly these bytes, whose position moves to their end; the caller {@linkplain #release releases} it. */
    B copy(ByteBuffer frames);

    /** A view of a buffer's bytes. */
    ByteBuffer view(B buffer);

    /** Gives up the hold that {@link #copy} gave. */
    void release(B buffer);
}
