package io.peal.bus.aeron;

import io.aeron.CncFileDescriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import org.agrona.BufferUtil;
import org.agrona.IoUtil;

/** The process of the present driver of a bus. */
final class SpawnedDriver {

    private SpawnedDriver() {}

    static Optional<ProcessHandle> in(Path bus) {
        try {
            Life life = Life.read(bus.resolve("life"));
            if (life == null) {
                return Optional.empty();
            }
            Path cnc = life.aeronDirectory().resolve(CncFileDescriptor.CNC_FILE);
            MappedByteBuffer mapped = IoUtil.mapExistingFile(cnc.toFile(), "CnC file");
            try {
                return ProcessHandle.of(CncFileDescriptor.pid(CncFileDescriptor.createMetaDataBuffer(mapped)));
            } finally {
                BufferUtil.free(mapped);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (IllegalStateException noCncFile) {
            return Optional.empty();
        }
    }

    /** Kills it, and waits until it is gone. */
    static void killIn(Path bus) {
        in(bus).ifPresent(driver -> {
            driver.destroyForcibly();
            driver.onExit().join();
        });
    }
}
