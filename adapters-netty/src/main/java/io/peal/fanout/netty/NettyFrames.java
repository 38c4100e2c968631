package io.peal.fanout.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.peal.bus.PayloadKind;
import io.peal.fanout.Compression;
import io.peal.fanout.FrameBuilder;
import io.peal.fanout.MessageDeflater;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Finished frames in one direct buffer of exact capacity: direct, so that no transport copies it for each connection;
 * exact, so that nobody behind can append to memory that others share. Belongs to one event loop.
 */
final class NettyFrames implements FrameBuilder<NettyRun> {

    private static final int SCRATCH_LENGTH = 16 * 1024;
    private static final int KEPT_SCRATCH_LENGTH = 128 * 1024;

    private final ByteBufAllocator allocator;
    private final Compression compression;
    private final @Nullable MessageDeflater deflater;
    private ByteBuf scratch = newScratch();

    NettyFrames(ByteBufAllocator allocator, Compression compression) {
        this.allocator = allocator;
        this.compression = compression;
        this.deflater = compression.isOn() ? new MessageDeflater(compression.level()) : null;
    }

    @Override
    public void append(PayloadKind kind, ByteBuffer payload) {
        int opcode = kind == PayloadKind.TEXT ? FrameHeader.TEXT : FrameHeader.BINARY;
        FrameHeader.write(scratch, opcode, payload.remaining());
        scratch.writeBytes(payload);
    }

    @Override
    public int length() {
        return scratch.readableBytes();
    }

    @Override
    public NettyRun finish() {
        int length = scratch.readableBytes();
        ByteBuf finished = allocator.directBuffer(length, length).writeBytes(scratch, 0, length);
        scratch.clear();
        if (scratch.capacity() > KEPT_SCRATCH_LENGTH) { // one large message must not pin its memory for ever
            scratch = newScratch();
        }
        return new NettyRun(allocator, finished, compression, deflater);
    }

    @Override
    public void release(NettyRun frames) {
        frames.release();
    }

    /** On the heap, because nobody is there to release it when the event loop ends. */
    private static ByteBuf newScratch() {
        return Unpooled.buffer(SCRATCH_LENGTH);
    }
}
