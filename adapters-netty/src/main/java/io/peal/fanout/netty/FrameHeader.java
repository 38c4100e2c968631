package io.peal.fanout.netty;

import io.netty.buffer.ByteBuf;

/**
 * The head of an unfragmented, unmasked frame (RFC 6455 section 5.2):
 *
 * <pre>
 * u8  0x80 | opcode      u8  length, if it is at most 125
 *                        u8  126, u16 length, if it is at most 65535
 *                        u8  127, u64 length, otherwise
 * </pre>
 */
final class FrameHeader {

    static final int TEXT = 0x1;
    static final int BINARY = 0x2;
    static final int CLOSE = 0x8;
    static final int PING = 0x9;
    static final int PONG = 0xA;

    /** The longest payload of a control frame. */
    static final int MAX_CONTROL_LENGTH = 125;

    private static final int FINAL = 0x80;
    private static final int LENGTH_16 = 126;
    private static final int LENGTH_64 = 127;
    private static final int MAX_LENGTH_16 = 0xffff;

    private FrameHeader() {}

    static int length(int payloadLength) {
        if (payloadLength <= MAX_CONTROL_LENGTH) {
            return 2;
        }
        return payloadLength <= MAX_LENGTH_16 ? 4 : 10;
    }

    static void write(ByteBuf target, int opcode, int payloadLength) {
        target.writeByte(FINAL | opcode);
        if (payloadLength <= MAX_CONTROL_LENGTH) {
            target.writeByte(payloadLength);
        } else if (payloadLength <= MAX_LENGTH_16) {
            target.writeByte(LENGTH_16).writeShort(payloadLength);
        } else {
            target.writeByte(LENGTH_64).writeLong(payloadLength);
        }
    }
}
