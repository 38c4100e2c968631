package io.peal.bus.file;

import io.peal.bus.BusException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;

/**
 * With which positions the data segments of all writers are sealed. Not thread-safe.
 *
 * <p>This is looked at once for each segment that any writer begins, by a thread that shares its processor with spinning
 * readers and publishers; so it reads only seals that it does not know yet, and runs little code.
 */
final class Seals {

    private static final int KNOWN_TO_THERE = 2; // so many names may be known for each file that is there

    private final BusDirectory directory;
    private final Map<String, Long> known = new HashMap<>(); // by name; a file that is used again has another name

    Seals(BusDirectory directory) {
        this.directory = directory;
    }

    /** The seals of the segments that end in this range of positions, in ascending order. */
    long[] between(long first, long last) {
        String[] names = directory.dataNames();
        long[] found = new long[names.length];
        int count = 0;
        for (String name : names) {
            long sealed = of(name);
            if (sealed >= first && sealed <= last) {
                found[count++] = sealed;
            }
        }
        if (known.size() > KNOWN_TO_THERE * names.length) {
            known.keySet().retainAll(new HashSet<>(Arrays.asList(names)));
        }
        long[] ascending = Arrays.copyOf(found, count);
        Arrays.sort(ascending);
        return ascending;
    }

    /** The seal of a segment: {@link Long#MAX_VALUE} if it has none, 0 if it is gone. */
    long of(DataFile file) {
        return of(file.name());
    }

    /**
     * Seals a segment: all of its records are at or before {@code position}. It may be gone, because one whose writer died while
     * it was about to use it again is free for others to delete.
     */
    void seal(DataFile file, long position) {
        Path path = directory.data(file);
        try {
            SegmentFiles.uninterruptibly(path, () -> {
                try (FileChannel channel =
                        FileChannel.open(path, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
                    return channel.write(word().putLong(0, position), DataLayout.SEALED_AT_AT);
                }
            });
        } catch (BusException e) {
            if (Files.exists(path)) {
                throw e;
            }
        }
    }

    private long of(String name) {
        Long before = known.get(name);
        return before != null ? before : look(name);
    }

    private long look(String name) {
        DataFile file = DataFile.of(name);
        if (file == null) {
            return 0;
        }
        long sealed;
        try {
            sealed = read(directory.data(file));
        } catch (DamagedFileException deletedMeanwhile) {
            return 0;
        }
        if (sealed <= 0) {
            return Long.MAX_VALUE;
        }
        known.put(name, sealed);
        return sealed;
    }

    private static long read(Path file) {
        return SegmentFiles.uninterruptibly(file, () -> {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
                long read = readWord(channel);
                for (long before = ~read; before != read; ) { // a file's copy is not promised to be atomic
                    before = read;
                    read = readWord(channel);
                }
                return read;
            }
        });
    }

    private static long readWord(FileChannel channel) throws IOException {
        ByteBuffer word = word();
        channel.read(word, DataLayout.SEALED_AT_AT);
        return word.getLong(0);
    }

    private static ByteBuffer word() {
        return ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }
}
