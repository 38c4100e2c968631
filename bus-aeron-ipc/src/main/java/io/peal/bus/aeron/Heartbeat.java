package io.peal.bus.aeron;

import io.aeron.CncFileDescriptor;
import java.io.File;
import java.nio.MappedByteBuffer;
import java.nio.file.Path;
import org.agrona.BufferUtil;
import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;
import org.jspecify.annotations.Nullable;

/** What a driver's own file says of its life. Not thread-safe. */
final class Heartbeat implements AutoCloseable {

    private final MappedByteBuffer file;
    private final ManyToOneRingBuffer toDriver;
    private final long startedMs;

    private Heartbeat(MappedByteBuffer file) {
        this.file = file;
        UnsafeBuffer metaData = CncFileDescriptor.createMetaDataBuffer(file);
        this.toDriver = new ManyToOneRingBuffer(CncFileDescriptor.createToDriverBuffer(file, metaData));
        this.startedMs = CncFileDescriptor.startTimestampMs(metaData);
    }

    /** The heartbeat of the driver that is or was in a directory; null if there never was one, or it is just starting. */
    static @Nullable Heartbeat of(Path aeronDirectory) {
        File cnc = aeronDirectory.resolve(CncFileDescriptor.CNC_FILE).toFile();
        if (!cnc.exists() || cnc.length() <= CncFileDescriptor.META_DATA_LENGTH) {
            return null;
        }
        MappedByteBuffer mapped = IoUtil.mapExistingFile(cnc, "CnC file");
        UnsafeBuffer metaData = CncFileDescriptor.createMetaDataBuffer(mapped);
        if (metaData.getIntVolatile(CncFileDescriptor.cncVersionOffset(0)) == 0
                || !CncFileDescriptor.isCncFileLengthSufficient(metaData, (int) cnc.length())) {
            BufferUtil.free(mapped);
            return null;
        }
        return new Heartbeat(mapped);
    }

    /** When this driver was started, by its clock. */
    long startedMs() {
        return startedMs;
    }

    /** Whether it has shown within a time that it lives. */
    boolean isFresh(long timeoutMs) {
        return System.currentTimeMillis() - toDriver.consumerHeartbeatTime() <= timeoutMs;
    }

    @Override
    public void close() {
        BufferUtil.free(file);
    }
}
