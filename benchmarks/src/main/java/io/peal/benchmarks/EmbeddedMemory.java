package io.peal.benchmarks;

import io.peal.fanout.FrameMemory;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/** Frames in direct buffers that are used again. */
final class EmbeddedMemory implements FrameMemory<ByteBuffer> {

    private static final int LENGTH = 256 * 1024;

    private final ArrayDeque<ByteBuffer> free = new ArrayDeque<>();

    @Override
    public ByteBuffer copy(ByteBuffer frames) {
        ByteBuffer buffer = free.poll();
        if (buffer == null) {
            buffer = ByteBuffer.allocateDirect(LENGTH);
        }
        return buffer.clear().put(frames).flip();
    }

    @Override
    public ByteBuffer view(ByteBuffer buffer) {
        return buffer.duplicate();
    }

    @Override
    public void release(ByteBuffer buffer) {
        free.add(buffer);
    }
}
