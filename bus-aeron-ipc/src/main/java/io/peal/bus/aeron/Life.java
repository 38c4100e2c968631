package io.peal.bus.aeron;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * One life of the stream: from its first message in a driver to its last. When a driver is lost, the next life begins, in
 * another driver or in another stream of the same one; positions go on rising.
 *
 * @param epoch identity of the bus, the same for all of its lives
 * @param number 1 for the first
 * @param base what is added to a place in the stream to make it a position
 * @param aeronDirectory the directory of the driver
 * @param driverStartedMs when that driver was started, so that another one in the same directory is told apart
 * @param previousBase the base of the life before
 */
record Life(long epoch, long number, long base, Path aeronDirectory, long driverStartedMs, long previousBase) {

    /** Places in a stream are multiples of this. */
    private static final int PLACE_SHIFT = 5;

    /** How far the next base is away at least: a life may take two terabytes, and there may be 100,000 of them in 2^53. */
    private static final long DISTANCE = 1L << 36;

    /** The first one of a bus. */
    static Life first(long epoch, Path aeronDirectory, long driverStartedMs) {
        return new Life(epoch, 1, 0, aeronDirectory, driverStartedMs, 0);
    }

    /** The life after this one, whose positions are all behind {@code newest}. */
    Life next(Path nextDirectory, long startedMs, long newest) {
        long nextBase = Math.max(base, newest) + DISTANCE;
        return new Life(epoch, number + 1, nextBase, nextDirectory, startedMs, base);
    }

    /** The position of what ends at a place of the stream. */
    long position(long place) {
        return positionIn(base, place);
    }

    static long positionIn(long base, long place) {
        return base + (place >>> PLACE_SHIFT);
    }

    static @Nullable Life read(Path file) throws IOException {
        if (Files.notExists(file)) {
            return null;
        }
        Properties text = new Properties();
        try (var reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            text.load(reader);
            return new Life(
                    Long.parseUnsignedLong(text.getProperty("epoch"), 16),
                    Long.parseLong(text.getProperty("number")),
                    Long.parseLong(text.getProperty("base")),
                    Path.of(text.getProperty("driver")),
                    Long.parseLong(text.getProperty("driverStartedMs")),
                    Long.parseLong(text.getProperty("previousBase")));
        } catch (IllegalArgumentException | NullPointerException e) {
            throw new IOException(
                    file + " does not say which life of the bus this is: stop all replicas and remove it", e);
        }
    }

    /** Replaces the file; who reads it sees all of it or what was before. */
    void write(Path file) throws IOException {
        Properties text = new Properties();
        text.setProperty("epoch", Long.toHexString(epoch));
        text.setProperty("number", Long.toString(number));
        text.setProperty("base", Long.toString(base));
        text.setProperty("driver", aeronDirectory.toString());
        text.setProperty("driverStartedMs", Long.toString(driverStartedMs));
        text.setProperty("previousBase", Long.toString(previousBase));
        Path unfinished = file.resolveSibling(file.getFileName() + ".unfinished");
        try (var writer = Files.newBufferedWriter(unfinished, StandardCharsets.UTF_8)) {
            text.store(writer, null);
        }
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
