package io.peal.bus.file;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC-32C over ranges of buffers (RFC 3720, appendix B.4). Not thread-safe; makes no garbage. */
final class Checksum {

    private final CRC32C crc = new CRC32C();

    /** The checksum of {@code length} bytes from {@code offset} on; moves the view's position and limit. */
    int of(ByteBuffer view, int offset, int length) {
        view.limit(offset + length).position(offset);
        crc.reset();
        crc.update(view);
        return (int) crc.getValue();
    }
}
