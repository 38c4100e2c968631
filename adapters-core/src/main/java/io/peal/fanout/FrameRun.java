package io.peal.fanout;

import io.peal.bus.PayloadKind;
import java.nio.ByteBuffer;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Finished frames of some messages, behind each other in one buffer that all connections share; and the same compressed,
 * made when the first connection asks for it. Belongs to one event loop.
 *
 * @param <B> the adapter's buffers
 */
public final class FrameRun<B> {

    private final FrameMemory<B> memory;
    private final B plain;
    private final @Nullable MessageDeflater deflater;
    private final int minLength;
    private @Nullable B deflated; // the plain one, if nothing of it is better compressed

    /** @param plain becomes this run's */
    FrameRun(FrameMemory<B> memory, B plain, Compression compression, @Nullable MessageDeflater deflater) {
        this.memory = memory;
        this.plain = plain;
        this.minLength = compression.minLength();
        this.deflater = deflater;
    }

    /** For a connection that knows no compression; valid until this is released, or for as long as it is held besides. */
    public B plain() {
        return plain;
    }

    /** For one that does. */
    public B deflated() {
        B known = deflated;
        if (known == null) {
            known = deflater == null ? plain : deflate(deflater);
            deflated = known;
        }
        return known;
    }

    /** The messages again, for a server that makes its own frames: views of the plain buffer, valid for as long as that is. */
    public void forEachMessage(BiConsumer<PayloadKind, ByteBuffer> action) {
        ByteBuffer from = memory.view(plain);
        while (from.hasRemaining()) {
            PayloadKind kind = FrameHeader.opcode(from) == FrameHeader.TEXT ? PayloadKind.TEXT : PayloadKind.BINARY;
            int payloadLength = FrameHeader.payloadLength(from);
            int payloadAt = from.position() + FrameHeader.length(payloadLength);
            action.accept(kind, from.slice(payloadAt, payloadLength));
            from.position(payloadAt + payloadLength);
        }
    }

    void release() {
        if (deflated != null && deflated != plain) {
            memory.release(deflated);
        }
        memory.release(plain);
    }

    private B deflate(MessageDeflater with) {
        ByteBuffer from = memory.view(plain);
        ByteBuffer to = ByteBuffer.allocate(from.remaining()); // a frame that would become longer stays as it is
        boolean any = false;
        while (from.hasRemaining()) {
            int payloadLength = FrameHeader.payloadLength(from);
            int frameLength = FrameHeader.length(payloadLength) + payloadLength;
            ByteBuffer frame = from.slice(from.position(), frameLength);
            if (payloadLength >= minLength && deflateFrame(with, frame, payloadLength, to)) {
                any = true;
            } else {
                to.put(frame);
            }
            from.position(from.position() + frameLength);
        }
        return any ? memory.copy(to.flip()) : plain;
    }

    private static boolean deflateFrame(MessageDeflater with, ByteBuffer frame, int payloadLength, ByteBuffer to) {
        ByteBuffer smaller = with.deflate(frame.slice(frame.limit() - payloadLength, payloadLength));
        if (smaller.remaining() >= payloadLength) {
            return false;
        }
        FrameHeader.writeCompressed(to, FrameHeader.opcode(frame), smaller.remaining());
        to.put(smaller);
        return true;
    }
}
