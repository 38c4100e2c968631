package io.peal.fanout.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.peal.fanout.FrameMemory;
import java.nio.ByteBuffer;

/**
 * Direct buffers of exact capacity: direct, so that no transport copies them for each connection; exact, so that nobody
 * behind can append to memory that others share. Belongs to one event loop.
 */
final class NettyMemory implements FrameMemory<ByteBuf> {

    private final ByteBufAllocator allocator;

    NettyMemory(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    @Override
    public ByteBuf copy(ByteBuffer frames) {
        int length = frames.remaining();
        return allocator.directBuffer(length, length).writeBytes(frames);
    }

    @Override
    public ByteBuffer view(ByteBuf buffer) {
        return buffer.nioBuffer();
    }

    @Override
    public void release(ByteBuf buffer) {
        buffer.release();
    }
}
