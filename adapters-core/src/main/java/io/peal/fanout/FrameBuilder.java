package io.peal.fanout;

import io.peal.bus.PayloadKind;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Encodes messages into finished frames, several behind each other. Belongs to one shard's event loop. */
final class FrameBuilder<B> {

    private static final int SCRATCH_LENGTH = 16 * 1024;
    private static final int KEPT_SCRATCH_LENGTH = 128 * 1024;

    private final FrameMemory<B> memory;
    private final Compression compression;
    private final @Nullable MessageDeflater deflater;
    private ByteBuffer scratch = ByteBuffer.allocate(SCRATCH_LENGTH);

    FrameBuilder(FrameMemory<B> memory, Compression compression) {
        this.memory = memory;
        this.compression = compression;
        this.deflater = compression.isOn() ? new MessageDeflater(compression.level()) : null;
    }

    /** Appends a message as one unfragmented, unmasked frame; the payload's position moves to its end. */
    void append(PayloadKind kind, ByteBuffer payload) {
        makeRoom(FrameHeader.MAX_LENGTH + payload.remaining());
        int opcode = kind == PayloadKind.TEXT ? FrameHeader.TEXT : FrameHeader.BINARY;
        FrameHeader.write(scratch, opcode, payload.remaining());
        scratch.put(payload);
    }

    /** The length of what was appended since {@link #finish()}, in bytes. */
    int length() {
        return scratch.position();
    }

    /** What was appended; the caller releases it. */
    FrameRun<B> finish() {
        B finished = memory.copy(scratch.flip());
        scratch.clear();
        if (scratch.capacity() > KEPT_SCRATCH_LENGTH) { // one large message must not pin its memory for ever
            scratch = ByteBuffer.allocate(SCRATCH_LENGTH);
        }
        return new FrameRun<>(memory, finished, compression, deflater);
    }

    private void makeRoom(int length) {
        if (scratch.remaining() < length) {
            int needed = Math.max(scratch.position() + length, 2 * scratch.capacity());
            scratch = ByteBuffer.allocate(needed).put(scratch.flip());
        }
    }
}
