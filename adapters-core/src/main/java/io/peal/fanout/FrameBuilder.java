package io.peal.fanout;

import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Encodes messages of one form into finished frames, several behind each other. Belongs to one shard's event loop. */
final class FrameBuilder<B> {

    private static final int SCRATCH_LENGTH = 16 * 1024;
    private static final int KEPT_SCRATCH_LENGTH = 128 * 1024;

    private final FrameMemory<B> memory;
    private final Compression compression;
    private final @Nullable MessageDeflater deflater;
    private final MessageForm.Encoder encoder;
    private ByteBuffer scratch = ByteBuffer.allocate(SCRATCH_LENGTH);
    private @Nullable Throwable failure; // since the last run was finished

    /** Of the raw form. */
    FrameBuilder(FrameMemory<B> memory, Compression compression) {
        this(
                memory,
                compression,
                compression.isOn() ? new MessageDeflater(compression.level()) : null,
                MessageForm.raw());
    }

    private FrameBuilder(
            FrameMemory<B> memory, Compression compression, @Nullable MessageDeflater deflater, MessageForm form) {
        this.memory = memory;
        this.compression = compression;
        this.deflater = deflater;
        this.encoder = form.newEncoder();
    }

    /** The same in another form, with the same memory and compressor. */
    FrameBuilder<B> in(MessageForm form) {
        return new FrameBuilder<>(memory, compression, deflater, form);
    }

    /**
     * Appends a message of the log in this form. What the form throws is kept as the {@link #takeFailure() failure}, and so is
     * that there is no memory: it must not end the walk over messages that are for others, too.
     */
    void append(Message message) {
        try {
            append(encoder.kindOf(message), encoder.payloadOf(message));
        } catch (RuntimeException | Error e) {
            failure = e;
        }
    }

    /** Appends a payload as it is, as one unfragmented, unmasked frame; the payload's position moves to its end. */
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

    /** Why a message was not appended since this was last asked; then what was is no complete run. */
    @Nullable
    Throwable takeFailure() {
        Throwable taken = failure;
        failure = null;
        return taken;
    }

    /** What was appended; the caller releases it. It is gone from here also if there is no memory for it. */
    FrameRun<B> finish() {
        B finished;
        try {
            finished = memory.copy(scratch.flip());
        } finally {
            discard();
        }
        return new FrameRun<>(memory, finished, compression, deflater);
    }

    /** Forgets what was appended. */
    void discard() {
        scratch.clear();
        if (scratch.capacity() > KEPT_SCRATCH_LENGTH) { // one large message must not pin its memory for ever
            scratch = ByteBuffer.allocate(SCRATCH_LENGTH);
        }
    }

    private void makeRoom(int length) {
        if (scratch.remaining() < length) {
            int needed = Math.max(scratch.position() + length, 2 * scratch.capacity());
            scratch = ByteBuffer.allocate(needed).put(scratch.flip());
        }
    }
}
