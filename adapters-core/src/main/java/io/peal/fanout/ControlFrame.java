package io.peal.fanout;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Finished control frames (RFC 6455 section 5.5), for adapters. */
public final class ControlFrame {

    private static final ByteBuffer NO_PAYLOAD = ByteBuffer.allocate(0);

    private ControlFrame() {}

    /** A ping without a payload. */
    public static ByteBuffer ping() {
        return frame(FrameHeader.PING, NO_PAYLOAD);
    }

    /** The answer to a ping; the payload's position stays. */
    public static ByteBuffer pong(ByteBuffer payload) {
        return frame(FrameHeader.PONG, payload);
    }

    /** The answer to a Close, with the same payload, whose position stays. */
    public static ByteBuffer close(ByteBuffer payload) {
        return frame(FrameHeader.CLOSE, payload);
    }

    /** A Close, with a reason of at most 123 bytes in UTF-8. */
    public static ByteBuffer close(int code, String reason) {
        ByteBuffer payload = ByteBuffer.allocate(FrameHeader.MAX_CONTROL_LENGTH);
        payload.putShort((short) code).put(reason.getBytes(StandardCharsets.UTF_8));
        return frame(FrameHeader.CLOSE, payload.flip());
    }

    private static ByteBuffer frame(int opcode, ByteBuffer payload) {
        int length = payload.remaining();
        ByteBuffer frame = ByteBuffer.allocate(FrameHeader.length(length) + length);
        FrameHeader.write(frame, opcode, length);
        return frame.put(payload.duplicate()).flip();
    }
}
