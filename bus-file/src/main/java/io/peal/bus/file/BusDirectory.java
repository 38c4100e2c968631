package io.peal.bus.file;

import io.peal.bus.BusException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * The directory of a bus and the names in it.
 *
 * <pre>
 * control                   what all replicas share
 * slot/N.lock               held by the process that is participant N
 * idx/0000000000000000      index segments, by number in hexadecimal
 * dat/WRITER-NUMBER         data segments of each writer
 * door/N                    Unix socket at which participant N is woken
 * trimmed                   what is known of topics whose messages are trimmed
 * janitor.lock              held by the process that cleans up
 * recovery.lock             held by the process that recovers the bus after the machine has stopped
 * tmp/*                     files that are not finished
 * </pre>
 */
final class BusDirectory {

    private static final Set<String> IN_MEMORY = Set.of("tmpfs", "ramfs"); // types of file systems
    private static final List<String> PARTS = List.of("slot", "idx", "dat", "door", "tmp");
    private static final Set<String> KNOWN =
            Set.of("slot", "idx", "dat", "door", "tmp", "control", "trimmed", "janitor.lock", "recovery.lock");

    private final Path path;
    private boolean inMemory;

    private BusDirectory(Path path) {
        this.path = path;
    }

    /**
     * Makes the directory if it is not there, and refuses one that is not ours to use.
     *
     * @param openToGroup whether all users of the directory's group may use the bus, or its owner alone
     */
    static BusDirectory prepare(Path given, boolean openToGroup) {
        Path path = given.toAbsolutePath().normalize();
        BusDirectory directory = new BusDirectory(path);
        Set<PosixFilePermission> permissions = openToGroup ? OwnDirectory.OWNER_AND_GROUP : OwnDirectory.OWNER_ONLY;
        return SegmentFiles.uninterruptibly(path, () -> {
            OwnDirectory.checkLinks(path);
            if (!OwnDirectory.makeOrCheck(path, permissions)) {
                directory.checkContent();
                OwnDirectory.checkPermissions(path, permissions);
            }
            for (String part : PARTS) {
                OwnDirectory.makeIfAbsent(path.resolve(part), permissions);
            }
            if (!openToGroup) {
                OwnDirectory.checkOwner(path, directory.unfinished());
            }
            directory.inMemory = isInMemory(path);
            return directory;
        });
    }

    /** A directory that is only looked at. */
    static BusDirectory lookAt(Path given) {
        return new BusDirectory(given.toAbsolutePath().normalize());
    }

    Path path() {
        return path;
    }

    /** Whether its files are in memory alone; of one that is only looked at that is not known, and false. */
    boolean isInMemory() {
        return inMemory;
    }

    Path control() {
        return path.resolve("control");
    }

    Path slotLock(int number) {
        return path.resolve("slot").resolve(number + ".lock");
    }

    Path index(long segmentNumber) {
        return path.resolve("idx").resolve(String.format("%016x", segmentNumber));
    }

    Path data(int writerId, long segmentNumber) {
        return data(new DataFile(writerId, segmentNumber));
    }

    Path data(DataFile file) {
        return allData().resolve(file.name());
    }

    Path allIndex() {
        return path.resolve("idx");
    }

    Path allData() {
        return path.resolve("dat");
    }

    Path door(int participant) {
        return path.resolve("door").resolve(String.valueOf(participant));
    }

    Path janitorLock() {
        return path.resolve("janitor.lock");
    }

    Path recoveryLock() {
        return path.resolve("recovery.lock");
    }

    /** The data segments of all writers. */
    List<DataFile> dataFiles() {
        List<DataFile> files = new ArrayList<>();
        for (String name : dataNames()) {
            DataFile file = DataFile.of(name);
            if (file != null) {
                files.add(file);
            }
        }
        return files;
    }

    /** The names of the files of data segments, and what else there is: cheaper than paths, where there are many. */
    String[] dataNames() {
        String[] names = allData().toFile().list();
        return names != null
                ? names
                : list(allData()).stream() // which can tell why not
                        .map(file -> file.getFileName().toString())
                        .toArray(String[]::new);
    }

    /** The number of the index segment in a file, -1 if its name is none. */
    static long indexNumber(Path file) {
        return parse(file.getFileName().toString(), 16);
    }

    /** What is in a directory. */
    static List<Path> list(Path directory) {
        return SegmentFiles.uninterruptibly(directory, () -> {
            List<Path> files = new ArrayList<>();
            try (DirectoryStream<Path> content = Files.newDirectoryStream(directory)) {
                content.forEach(files::add);
            }
            return files;
        });
    }

    Path trimmedTopics() {
        return path.resolve("trimmed");
    }

    Path allUnfinished() {
        return path.resolve("tmp");
    }

    /** A name that nobody else uses. */
    Path unfinished() {
        return path.resolve("tmp").resolve(UUID.randomUUID().toString());
    }

    /** Refuses a file system that cannot hold the bus, before it is full. */
    void checkRoom(long bytes) {
        long usable = SegmentFiles.uninterruptibly(
                path, () -> Files.getFileStore(path).getUsableSpace());
        if (usable < bytes) {
            throw new BusException(
                    "the file system of " + path + " has room for " + usable + " bytes, the bus may take " + bytes
                            + ": give it more (containers: --shm-size), or retain less with maxLength");
        }
    }

    private static boolean isInMemory(Path path) {
        try {
            return IN_MEMORY.contains(Files.getFileStore(path).type());
        } catch (IOException unknown) { // where mounts are hidden; it is no reason to refuse the bus
            return false;
        }
    }

    private void checkContent() throws IOException {
        try (Stream<Path> content = Files.list(path)) {
            boolean foreign = content.anyMatch(entry ->
                    !KNOWN.contains(entry.getFileName().toString())); // another replica may be making it just now
            if (foreign && Files.notExists(control())) {
                throw new BusException(path + " has other content and is not a bus: choose an empty directory");
            }
        }
    }

    private static long parse(String number, int radix) {
        try {
            return Long.parseLong(number, radix);
        } catch (NumberFormatException noneOfOurs) {
            return -1;
        }
    }
}
