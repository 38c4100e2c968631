package io.peal.bus.aeron;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One life of the bus's stream: from its first message in a driver to its last. When a driver is lost, the next life begins, in
 * another driver or in another stream of the same one; positions go on rising.
 *
 * @param epoch identity of the bus, the same for all of its lives
 * @param secret from which the keys of its messages follow
 * @param number 1 for the first
 * @param base what is added to a place in the stream to make it a position
 * @param aeronDirectory the directory of the driver
 * @param stream as its replicas ask for it
 * @param driverStartedMs when that driver was started, so that another one in the same directory is told apart
 * @param past lives whose streams are kept as history, the oldest first
 */
record Life(
        long epoch,
        long secret,
        long number,
        long base,
        StreamOptions stream,
        Path aeronDirectory,
        long driverStartedMs,
        List<Past> past) {

    /**
     * A life that is over.
     *
     * @param end the place where it ended
     */
    record Past(long number, long base, long end) {

        private static Past parse(String text) {
            String[] words = text.split(":", -1);
            return new Past(Long.parseLong(words[0]), Long.parseLong(words[1]), Long.parseLong(words[2]));
        }

        private String text() {
            return number + ":" + base + ":" + end;
        }
    }

    /** Places in a stream are multiples of this. */
    static final int PLACE_SHIFT = 5;

    /**
     * How far the next base is away if nobody knows where a life ended: a life may take half a petabyte, and hundreds of them end
     * like that before a position is more than a JavaScript number can say.
     */
    private static final long DISTANCE = 1L << 44;

    private static final int MOST_PAST = 3;

    Life {
        past = List.copyOf(past);
    }

    /** The first one of a bus. */
    static Life first(long epoch, long secret, StreamOptions stream, Path aeronDirectory, long driverStartedMs) {
        return new Life(epoch, secret, 1, 0, stream, aeronDirectory, driverStartedMs, List.of());
    }

    /**
     * The life after this one.
     *
     * @param nextStream as the replicas ask for it now
     * @param end where this one ended, or {@link Stream#NO_END} if nobody knows: then there is a gap behind {@code newest}
     * @param tail behind all that anybody has begun to write in this one: what stands behind the end will be read by nobody, but
     *     its positions were told already, so they are not used again
     */
    Life next(StreamOptions nextStream, Path nextDirectory, long startedMs, long end, long tail, long newest) {
        if (end == Stream.NO_END) {
            long far = Math.max(base, newest) + DISTANCE;
            return new Life(epoch, secret, number + 1, far, nextStream, nextDirectory, startedMs, List.of());
        }
        List<Past> kept = new ArrayList<>();
        kept.add(new Past(number, base, end));
        long length = end;
        for (int i = past.size() - 1; i >= 0 && length < nextStream.history() && kept.size() < MOST_PAST; i--) {
            kept.add(0, past.get(i));
            length += past.get(i).end();
        }
        long begin =
                position(Math.max(end, Math.min(tail, end + stream.memoryLength()))); // a damaged tail may be anywhere
        return new Life(epoch, secret, number + 1, begin, nextStream, nextDirectory, startedMs, kept);
    }

    /** The life it was; its driver does not matter any more. */
    Life asItWas(Past earlier) {
        return new Life(epoch, secret, earlier.number(), earlier.base(), stream, aeronDirectory, 0, List.of());
    }

    /** The number of the oldest life that is kept. */
    long oldestKept() {
        return past.isEmpty() ? number : past.get(0).number();
    }

    /** The position of what ends at a place of the stream. */
    long position(long place) {
        return base + (place >>> PLACE_SHIFT);
    }

    /** The place of what has a position: {@code Long.MAX_VALUE} if no place is that far, negative if it is before this life. */
    long place(long position) {
        long distance = position - base;
        return distance > Long.MAX_VALUE >> PLACE_SHIFT ? Long.MAX_VALUE : distance << PLACE_SHIFT;
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
                    Long.parseUnsignedLong(text.getProperty("secret"), 16),
                    Long.parseLong(text.getProperty("number")),
                    Long.parseLong(text.getProperty("base")),
                    new StreamOptions(
                            Integer.parseInt(text.getProperty("streamId")),
                            Integer.parseInt(text.getProperty("termLength"))),
                    Path.of(text.getProperty("driver")),
                    Long.parseLong(text.getProperty("driverStartedMs")),
                    text.getProperty("past").isEmpty()
                            ? List.of()
                            : List.of(text.getProperty("past").split(" ", -1)).stream()
                                    .map(Past::parse)
                                    .toList());
        } catch (IllegalArgumentException | NullPointerException | IndexOutOfBoundsException e) {
            throw new IOException(
                    file + " does not say which life of the bus this is: stop all replicas and remove it", e);
        }
    }

    /** Replaces the file; who reads it sees all of it or what was before. */
    void write(Path file) throws IOException {
        Properties text = new Properties();
        text.setProperty("epoch", Long.toHexString(epoch));
        text.setProperty("secret", Long.toHexString(secret));
        text.setProperty("number", Long.toString(number));
        text.setProperty("base", Long.toString(base));
        text.setProperty("streamId", Integer.toString(stream.streamId()));
        text.setProperty("termLength", Integer.toString(stream.termLength()));
        text.setProperty("driver", aeronDirectory.toString());
        text.setProperty("driverStartedMs", Long.toString(driverStartedMs));
        text.setProperty("past", past.stream().map(Past::text).collect(Collectors.joining(" ")));
        Path unfinished = file.resolveSibling(file.getFileName() + ".unfinished");
        try (var writer = Files.newBufferedWriter(unfinished, StandardCharsets.UTF_8)) {
            text.store(writer, null);
        }
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
