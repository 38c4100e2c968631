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
    private static final int RSV1 = 0x40;
    private static final int OPCODE = 0x0f;
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
        writeFirstByte(target, FINAL | opcode, payloadLength);
    }

    /** With the bit RSV1, which says that the payload is compressed (RFC 7692 section 6). */
    static void writeCompressed(ByteBuf target, int opcode, int payloadLength) {
        writeFirstByte(target, FINAL | RSV1 | opcode, payloadLength);
    }

    /** The opcode of a frame that was written here. */
    static int opcode(ByteBuf source, int at) {
        return source.getByte(at) & OPCODE;
    }

    /** The length of the payload of a frame that was written here. */
    static int payloadLength(ByteBuf source, int at) {
        int length = source.getByte(at + 1);
        return switch (length) {
            case LENGTH_16 -> source.getUnsignedShort(at + 2);
            case LENGTH_64 -> (int) source.getLong(at + 2);
            default -> length;
        };
    }

    private static void writeFirstByte(ByteBuf target, int firstByte, int payloadLength) {
        target.writeByte(firstByte);
        if (payloadLength <= MAX_CONTROL_LENGTH) {
            target.writeByte(payloadLength);
        } else if (payloadLength <= MAX_LENGTH_16) {
            target.writeByte(LENGTH_16).writeShort(payloadLength);
        } else {
            target.writeByte(LENGTH_64).writeLong(payloadLength);
        }
    }
}
