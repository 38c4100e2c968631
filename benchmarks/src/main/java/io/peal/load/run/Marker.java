package io.peal.load.run;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * The messages of a run: JSON objects that say who has published them, which one it is, and when it was due. They are found
 * again in whatever a server wraps around them.
 */
final class Marker {

    private static final byte[] BEGIN = "{\"lp\":".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PUSH = "{\"push\":".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] OFFSET = "\"offset\":".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_DIGITS = 19;

    /** Is told what was found. */
    interface Handler {

        void onMessage(int publisher, long number, long dueNs);
    }

    private Marker() {}

    /** A message of at least {@code length} bytes. */
    static String message(int publisher, long number, long dueNs, int length) {
        StringBuilder text = new StringBuilder(Math.max(length, 64));
        text.append("{\"lp\":").append(publisher).append(",\"ln\":").append(number);
        text.append(",\"lt\":").append(dueNs).append(",\"pad\":\"");
        while (text.length() < length - 2) {
            text.append('x');
        }
        return text.append("\"}").toString();
    }

    /** Looks for messages in a frame; several may be in one. */
    static void find(ByteBuf frame, Handler handler) {
        int end = frame.writerIndex();
        int at = frame.readerIndex();
        while (at < end) {
            int begin = frame.indexOf(at, end, (byte) '{');
            if (begin < 0) {
                return;
            }
            at = begin + 1;
            if (!stands(BEGIN, frame, begin, end)) {
                continue;
            }
            long[] values = new long[3];
            int next = begin + BEGIN.length;
            for (int i = 0; i < values.length && next > 0; i++) {
                next = number(frame, next, end, values, i);
            }
            if (next > 0) {
                handler.onMessage((int) values[0], values[1], values[2]);
                at = next;
            }
        }
    }

    /** Reads a number, and what is up to the next one; returns where that begins, or -1. */
    private static int number(ByteBuf frame, int from, int end, long[] values, int which) {
        int at = from;
        long value = 0;
        while (at < end && at - from < MAX_DIGITS && Character.isDigit(frame.getByte(at))) {
            value = value * 10 + frame.getByte(at++) - '0';
        }
        if (at == from) {
            return -1;
        }
        values[which] = value;
        if (which == values.length - 1) {
            return at;
        }
        int colon = frame.indexOf(at, end, (byte) ':');
        return colon < 0 ? -1 : colon + 1;
    }

    /** Whether a frame of the Centrifuge protocol begins with a publication. */
    static boolean isPush(ByteBuf frame) {
        return stands(PUSH, frame, frame.readerIndex(), frame.writerIndex());
    }

    /** The last offset in a frame of the Centrifuge protocol, 0 if there is none. */
    static long lastOffset(ByteBuf frame) {
        for (int at = frame.writerIndex() - OFFSET.length; at >= frame.readerIndex(); at--) {
            if (stands(OFFSET, frame, at, frame.writerIndex())) {
                long[] value = {0};
                number(frame, at + OFFSET.length, frame.writerIndex(), value, 0);
                return value[0];
            }
        }
        return 0;
    }

    private static boolean stands(byte[] text, ByteBuf frame, int at, int end) {
        if (end - at < text.length) {
            return false;
        }
        for (int i = 0; i < text.length; i++) {
            if (frame.getByte(at + i) != text[i]) {
                return false;
            }
        }
        return true;
    }
}
