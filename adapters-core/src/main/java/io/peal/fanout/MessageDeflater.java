package io.peal.fanout;

import java.nio.ByteBuffer;
import java.util.zip.Deflater;

/**
 * Compresses messages, each by itself (RFC 7692 section 7.2.1), for adapters. Belongs to one thread; what it returns is
 * good until the next call.
 */
public final class MessageDeflater {

    private static final int TAIL_LENGTH = 4; // 00 00 ff ff, which every message would end with
    private static final int OVERHEAD = 64; // of what cannot be compressed, and of flushing
    private static final int KEPT_LENGTH = 128 * 1024;

    private final Deflater deflater;
    private ByteBuffer output = ByteBuffer.allocate(KEPT_LENGTH / 8);

    /** @param level the effort, from 1 to 9 */
    public MessageDeflater(int level) {
        this.deflater = new Deflater(level, true);
    }

    /** The compressed form of a payload, whose position moves to its end. */
    public ByteBuffer deflate(ByteBuffer payload) {
        int bound = payload.remaining() + payload.remaining() / 1_000 + OVERHEAD;
        if (output.capacity() < bound || (output.capacity() > KEPT_LENGTH && bound <= KEPT_LENGTH)) {
            output = ByteBuffer.allocate(Math.max(bound, KEPT_LENGTH / 8));
        }
        output.clear();
        deflater.reset();
        deflater.setInput(payload);
        while (deflater.deflate(output, Deflater.SYNC_FLUSH) > 0 && !deflater.needsInput()) {
            Thread.onSpinWait(); // there is room for all of it: this comes to an end
        }
        payload.position(payload.limit());
        output.flip();
        return output.limit(output.limit() - TAIL_LENGTH);
    }
}
