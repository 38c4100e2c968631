package io.peal.bus.aeron;

import io.aeron.CncFileDescriptor;
import io.peal.bus.BusException;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.agrona.BufferUtil;
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

    /**
     * The heartbeat of the driver that is or was in a directory; null if there never was one, or it is just starting.
     *
     * @throws BusException if there may be one, and it cannot be opened now
     */
    static @Nullable Heartbeat of(Path aeronDirectory) {
        Path cnc = aeronDirectory.resolve(CncFileDescriptor.CNC_FILE);
        try (FileChannel channel = FileChannel.open(cnc, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long length = channel.size();
            if (length <= CncFileDescriptor.META_DATA_LENGTH) {
                return null;
            }
            MappedByteBuffer mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, length);
            UnsafeBuffer metaData = CncFileDescriptor.createMetaDataBuffer(mapped);
            if (metaData.getIntVolatile(CncFileDescriptor.cncVersionOffset(0)) == 0
                    || !CncFileDescriptor.isCncFileLengthSufficient(metaData, (int) length)) {
                BufferUtil.free(mapped);
                return null;
            }
            return new Heartbeat(mapped);
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            throw new BusException("cannot look whether the media driver lives: " + e, e);
        }
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
