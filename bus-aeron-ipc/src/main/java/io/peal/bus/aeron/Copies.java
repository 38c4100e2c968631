package io.peal.bus.aeron;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A reader's own copies of parts of the stream, one behind the other. Not thread-safe; grows to what was needed. */
final class Copies {

    private static final int FIRST_CAPACITY = 32 * 1024;
    private static final int ALIGNMENT = Long.BYTES;

    private ByteBuffer bytes = ByteBuffer.allocateDirect(FIRST_CAPACITY).order(ByteOrder.LITTLE_ENDIAN);
    private ByteBuffer readOnly = bytes.asReadOnlyBuffer();
    private int length;

    void clear() {
        length = 0;
    }

    /** Adds a copy; where in {@link #bytes} it begins, which for the first one is 0, and for others a multiple of eight. */
    int addAligned(StreamMemory memory, long place, int count) {
        length = (length + ALIGNMENT - 1) & -ALIGNMENT;
        return add(memory, place, count);
    }

    /** Adds a copy right behind the last one; where in {@link #bytes} it begins. */
    int add(StreamMemory memory, long place, int count) {
        int at = length;
        if (at + count > bytes.capacity()) {
            growTo(at + count);
        }
        memory.copy(place, bytes, at, count);
        length = at + count;
        return at;
    }

    int length() {
        return length;
    }

    /** Little-endian. */
    ByteBuffer bytes() {
        return bytes;
    }

    /** Another view of the same, whose position and limit may be moved. */
    ByteBuffer readOnly() {
        return readOnly;
    }

    private void growTo(int needed) {
        ByteBuffer larger = ByteBuffer.allocateDirect(Integer.highestOneBit(needed - 1) << 1)
                .order(ByteOrder.LITTLE_ENDIAN);
        larger.put(0, bytes, 0, length);
        bytes = larger;
        readOnly = larger.asReadOnlyBuffer();
    }
}
