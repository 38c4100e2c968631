package io.peal.bus.file;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Access to mapped memory with memory orders: little-endian numbers at aligned offsets of a buffer, bounds-checked, and
 * needing no JVM flag. The methods are named after the modes of {@link VarHandle}.
 */
final class Mapped {

    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private Mapped() {}

    static long getVolatile(ByteBuffer buffer, int offset) {
        return (long) LONG.getVolatile(buffer, offset);
    }

    static long getOpaque(ByteBuffer buffer, int offset) {
        return (long) LONG.getOpaque(buffer, offset);
    }

    static void setVolatile(ByteBuffer buffer, int offset, long value) {
        LONG.setVolatile(buffer, offset, value);
    }

    static void setRelease(ByteBuffer buffer, int offset, long value) {
        LONG.setRelease(buffer, offset, value);
    }

    static boolean compareAndSet(ByteBuffer buffer, int offset, long expected, long value) {
        return LONG.compareAndSet(buffer, offset, expected, value);
    }

    /** Raises the number to {@code value} unless it is already as high: it never falls, however slow the caller is. */
    static void raise(ByteBuffer buffer, int offset, long value) {
        long current = getVolatile(buffer, offset);
        while (current < value && !compareAndSet(buffer, offset, current, value)) {
            current = getVolatile(buffer, offset);
        }
    }

    static long getAndBitwiseOr(ByteBuffer buffer, int offset, long bits) {
        return (long) LONG.getAndBitwiseOr(buffer, offset, bits);
    }

    static long getAndBitwiseAnd(ByteBuffer buffer, int offset, long bits) {
        return (long) LONG.getAndBitwiseAnd(buffer, offset, bits);
    }

    static int getIntVolatile(ByteBuffer buffer, int offset) {
        return (int) INT.getVolatile(buffer, offset);
    }

    static int getIntOpaque(ByteBuffer buffer, int offset) {
        return (int) INT.getOpaque(buffer, offset);
    }

    static int getAndAddInt(ByteBuffer buffer, int offset, int delta) {
        return (int) INT.getAndAdd(buffer, offset, delta);
    }

    static void setIntVolatile(ByteBuffer buffer, int offset, int value) {
        INT.setVolatile(buffer, offset, value);
    }
}
