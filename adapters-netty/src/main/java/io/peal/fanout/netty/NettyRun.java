package io.peal.fanout.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.peal.fanout.Compression;
import io.peal.fanout.MessageDeflater;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Finished frames of some messages, behind each other in one buffer; and the same compressed, made when the first connection
 * asks for it. Belongs to one event loop.
 */
final class NettyRun {

    private final ByteBufAllocator allocator;
    private final ByteBuf plain;
    private final @Nullable MessageDeflater deflater;
    private final int minLength;
    private @Nullable ByteBuf deflated;

    /** @param plain becomes this run's */
    NettyRun(ByteBufAllocator allocator, ByteBuf plain, Compression compression, @Nullable MessageDeflater deflater) {
        this.allocator = allocator;
        this.plain = plain;
        this.minLength = compression.minLength();
        this.deflater = deflater;
    }

    /** For a connection that knows no compression. */
    ByteBuf plain() {
        return plain;
    }

    /** For one that does. */
    ByteBuf deflated() {
        if (deflater == null) {
            return plain;
        }
        if (deflated == null) {
            deflated = deflate(deflater);
        }
        return deflated;
    }

    void release() {
        plain.release();
        if (deflated != null) {
            deflated.release();
        }
    }

    private ByteBuf deflate(MessageDeflater with) {
        ByteBuf frames = allocator.directBuffer(plain.readableBytes());
        boolean any = false;
        int end = plain.writerIndex();
        for (int at = plain.readerIndex(); at < end; ) {
            int payloadLength = FrameHeader.payloadLength(plain, at);
            int payloadAt = at + FrameHeader.length(payloadLength);
            if (payloadLength >= minLength) {
                ByteBuffer smaller = with.deflate(plain.nioBuffer(payloadAt, payloadLength));
                if (smaller.remaining() < payloadLength) {
                    FrameHeader.writeCompressed(frames, FrameHeader.opcode(plain, at), smaller.remaining());
                    frames.writeBytes(smaller);
                    at = payloadAt + payloadLength;
                    any = true;
                    continue;
                }
            }
            frames.writeBytes(plain, at, payloadAt + payloadLength - at);
            at = payloadAt + payloadLength;
        }
        if (!any) {
            frames.release();
            return plain.retain();
        }
        ByteBuf exact = allocator.directBuffer(frames.readableBytes(), frames.readableBytes());
        exact.writeBytes(frames);
        frames.release();
        return exact;
    }
}
