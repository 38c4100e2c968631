package io.peal.bus.aeron.hosts;

import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * What bridges say to each other, one frame of Aeron each, little-endian. All begin with the version, the type and a request
 * number; all but HELLO go on with an epoch and two positions, of the bus of the host they come from:
 *
 * <pre>
 *  0  u8 version   1 u8 type   2 u8 kind of payload   3 u8 zero   4 i32 length (of what: see below)
 *  8  i64 request: drawn by whoever wants messages, repeated by whoever sends them
 * 16  i64 epoch
 * 24  i64 behind: HELLO: the position wanted, -1 for the latest; others: what the receiver must have, to take this frame
 * 32  i64 position: what it has afterwards
 *
 * HELLO    to each peer five times a second; length is that of the sender's endpoint, which follows at 40
 * BEGUN    answers a request: from here on; kind is 0 if that is as wanted, 1 if what was before is lost; the endpoint as in HELLO
 * MESSAGE  a message, or a piece of it; length is that of topic and payload together;
 *          40 i64 topic's hash   48 i32 topic's length   52 i32 where in topic and payload this piece begins   56 the piece
 * PASSED   the positions up to here were nothing that concerns the receiver
 * LOST     the positions up to here are no longer kept
 * </pre>
 */
final class BridgeFrame {

    static final int VERSION = 1;

    static final int HELLO = 1;
    static final int BEGUN = 2;
    static final int MESSAGE = 3;
    static final int PASSED = 4;
    static final int LOST = 5;

    static final int HEADER_LENGTH = 40;
    static final int PIECE_AT = 56;
    static final int LATEST = -1;

    private static final int TYPE_AT = 1;
    private static final int KIND_AT = 2;
    private static final int LENGTH_AT = 4;
    private static final int REQUEST_AT = 8;
    private static final int EPOCH_AT = 16;
    private static final int BEHIND_AT = 24;
    private static final int POSITION_AT = 32;
    private static final int TOPIC_HASH_AT = 40;
    private static final int TOPIC_LENGTH_AT = 48;
    private static final int PIECE_OFFSET_AT = 52;

    private BridgeFrame() {}

    static void put(
            MutableDirectBuffer buffer,
            int at,
            int type,
            int length,
            long request,
            long epoch,
            long behind,
            long position) {
        buffer.putByte(at, (byte) VERSION);
        buffer.putByte(at + TYPE_AT, (byte) type);
        buffer.putShort(at + KIND_AT, (short) 0);
        buffer.putInt(at + LENGTH_AT, length, ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(at + REQUEST_AT, request, ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(at + EPOCH_AT, epoch, ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(at + BEHIND_AT, behind, ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(at + POSITION_AT, position, ByteOrder.LITTLE_ENDIAN);
    }

    /** Adds who it is from. */
    static void putEndpoint(MutableDirectBuffer buffer, int at, int kind, byte[] endpoint) {
        buffer.putByte(at + KIND_AT, (byte) kind);
        buffer.putBytes(at + HEADER_LENGTH, endpoint);
    }

    static void putPiece(
            MutableDirectBuffer buffer, int at, int kind, long topicHash, int topicLength, int pieceOffset) {
        buffer.putByte(at + KIND_AT, (byte) kind);
        buffer.putLong(at + TOPIC_HASH_AT, topicHash, ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(at + TOPIC_LENGTH_AT, topicLength, ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(at + PIECE_OFFSET_AT, pieceOffset, ByteOrder.LITTLE_ENDIAN);
    }

    /** Whether it can be one at all: it is of this version, and has the fields of its type. */
    static boolean isFrame(DirectBuffer buffer, int at, int length) {
        return length >= HEADER_LENGTH
                && buffer.getByte(at) == VERSION
                && (type(buffer, at) != MESSAGE || length >= PIECE_AT);
    }

    /** Whether it says who it is from. */
    static boolean hasEndpoint(DirectBuffer buffer, int at) {
        return type(buffer, at) == HELLO || type(buffer, at) == BEGUN;
    }

    static int type(DirectBuffer buffer, int at) {
        return buffer.getByte(at + TYPE_AT);
    }

    static int kind(DirectBuffer buffer, int at) {
        return buffer.getByte(at + KIND_AT);
    }

    static int length(DirectBuffer buffer, int at) {
        return buffer.getInt(at + LENGTH_AT, ByteOrder.LITTLE_ENDIAN);
    }

    static long request(DirectBuffer buffer, int at) {
        return buffer.getLong(at + REQUEST_AT, ByteOrder.LITTLE_ENDIAN);
    }

    static long epoch(DirectBuffer buffer, int at) {
        return buffer.getLong(at + EPOCH_AT, ByteOrder.LITTLE_ENDIAN);
    }

    static long behind(DirectBuffer buffer, int at) {
        return buffer.getLong(at + BEHIND_AT, ByteOrder.LITTLE_ENDIAN);
    }

    static long position(DirectBuffer buffer, int at) {
        return buffer.getLong(at + POSITION_AT, ByteOrder.LITTLE_ENDIAN);
    }

    static long topicHash(DirectBuffer buffer, int at) {
        return buffer.getLong(at + TOPIC_HASH_AT, ByteOrder.LITTLE_ENDIAN);
    }

    static int topicLength(DirectBuffer buffer, int at) {
        return buffer.getInt(at + TOPIC_LENGTH_AT, ByteOrder.LITTLE_ENDIAN);
    }

    static int pieceOffset(DirectBuffer buffer, int at) {
        return buffer.getInt(at + PIECE_OFFSET_AT, ByteOrder.LITTLE_ENDIAN);
    }
}
