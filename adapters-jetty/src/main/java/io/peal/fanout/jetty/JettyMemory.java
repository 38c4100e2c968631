package io.peal.fanout.jetty;

import io.peal.fanout.FrameMemory;
import java.nio.ByteBuffer;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.io.RetainableByteBuffer;
import org.eclipse.jetty.util.BufferUtil;

/** Direct buffers of the server's own pool, whose limits and metrics so hold for these, too. Belongs to one shard. */
final class JettyMemory implements FrameMemory<SharedBuffer> {

    private final ByteBufferPool pool;

    JettyMemory(ByteBufferPool pool) {
        this.pool = pool;
    }

    @Override
    public SharedBuffer copy(ByteBuffer frames) {
        RetainableByteBuffer pooled = pool.acquire(frames.remaining(), true);
        ByteBuffer bytes = pooled.getByteBuffer();
        BufferUtil.clearToFill(bytes);
        bytes.put(frames).flip();
        return SharedBuffer.of(bytes, pooled);
    }

    @Override
    public ByteBuffer view(SharedBuffer buffer) {
        return buffer.bytes().duplicate();
    }

    @Override
    public void release(SharedBuffer buffer) {
        buffer.release();
    }
}
