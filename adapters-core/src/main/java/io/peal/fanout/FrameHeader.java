package io.peal.fanout;

import java.nio.ByteBuffer;

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

    /** The longest head. */
    static final int MAX_LENGTH = 10;

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
        return payloadLength <= MAX_LENGTH_16 ? 4 : MAX_LENGTH;
    }

    static void write(ByteBuffer target, int opcode, int payloadLength) {
        writeFirstByte(target, FINAL | opcode, payloadLength);
    }

    /** With the bit RSV1, which says that the payload is compressed (RFC 7692 section 6). */
    static void writeCompressed(ByteBuffer target, int opcode, int payloadLength) {
        writeFirstByte(target, FINAL | RSV1 | opcode, payloadLength);
    }

    /** The opcode of the frame that begins at the position, written here. */
    static int opcode(ByteBuffer source) {
        return source.get(source.position()) & OPCODE;
    }

    /** The length of the payload of the frame that begins at the position, written here. */
    static int payloadLength(ByteBuffer source) {
        int at = source.position();
        int length = source.get(at + 1);
        return switch (length) {
            case LENGTH_16 -> Short.toUnsignedInt(source.getShort(at + 2));
            case LENGTH_64 -> (int) source.getLong(at + 2);
            default -> length;
        };
    }

    private static void writeFirstByte(ByteBuffer target, int firstByte, int payloadLength) {
        target.put((byte) firstByte);
        if (payloadLength <= MAX_CONTROL_LENGTH) {
            target.put((byte) payloadLength);
        } else if (payloadLength <= MAX_LENGTH_16) {
            target.put((byte) LENGTH_16).putShort((short) payloadLength);
        } else {
            target.put((byte) LENGTH_64).putLong(payloadLength);
        }
    }
}
