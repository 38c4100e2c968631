package io.peal.bus.file;

import io.peal.bus.BusException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Set;
import java.util.UUID;

/**
 * A directory that belongs to this process's user, and that nobody else has prepared: in a place where everybody may write, such
 * as {@code /dev/shm}, somebody may have put a directory, or a link, under the name that we are going to use.
 */
public final class OwnDirectory {

    static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");
    static final Set<PosixFilePermission> OWNER_AND_GROUP = PosixFilePermissions.fromString("rwxrwx---");

    private OwnDirectory() {}

    /**
     * Makes the directory if it is not there, for its owner alone.
     *
     * @throws BusException if what is there is something else, leads somewhere else, or is open to others
     */
    public static void prepare(Path given) {
        Path path = given.toAbsolutePath().normalize();
        SegmentFiles.uninterruptibly(path, () -> {
            checkLinks(path);
            if (!makeOrCheck(path, OWNER_ONLY)) {
                checkPermissions(path, OWNER_ONLY);
            }
            checkOwner(path, path.resolve("owner-" + UUID.randomUUID()));
            return path;
        });
    }

    /** Makes it, or looks whether it is a directory that can be used; returns whether it was made. */
    static boolean makeOrCheck(Path path, Set<PosixFilePermission> permissions) throws IOException {
        if (path.getParent() != null) {
            Files.createDirectories(path.getParent());
        }
        if (makeIfAbsent(path, permissions)) {
            return true;
        }
        if (Files.isSymbolicLink(path)) {
            throw new BusException(path + " is a symbolic link: name the directory itself");
        }
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new BusException(path + " is not a directory: a bus needs a directory of its own");
        }
        if (!Files.isWritable(path) || !Files.isReadable(path)) {
            throw new BusException(path + " cannot be written by this user: choose another directory, or its owner");
        }
        return false;
    }

    static void checkPermissions(Path path, Set<PosixFilePermission> allowed) throws IOException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path);
        if (!allowed.containsAll(permissions)) {
            throw new BusException(
                    path + " is open to others (" + PosixFilePermissions.toString(permissions)
                            + "): give it to its owner alone with 'chmod 700', or open the bus to its group and give it 'chmod 770'");
        }
    }

    /** Where anybody may put a link, it may be somebody else's, and lead to somebody else's bus. */
    static void checkLinks(Path path) throws IOException {
        for (Path link = path.getParent(); link != null && link.getParent() != null; link = link.getParent()) {
            boolean anybodys = Files.isSymbolicLink(link)
                    && Files.getPosixFilePermissions(link.getParent()).contains(PosixFilePermission.OTHERS_WRITE);
            if (anybodys) {
                throw new BusException(path + " leads through the link " + link
                        + " in a place where everybody may write: " + "name the directory itself");
            }
        }
    }

    /**
     * Compares the owner with that of a file made just now, which is this process's user whatever it is called.
     *
     * @param probe a name for that file, which nobody else uses
     */
    static void checkOwner(Path path, Path probe) throws IOException {
        Files.createFile(probe);
        UserPrincipal self = Files.getOwner(probe, LinkOption.NOFOLLOW_LINKS);
        Files.delete(probe);
        UserPrincipal owner = Files.getOwner(path, LinkOption.NOFOLLOW_LINKS);
        if (!owner.equals(self)) {
            throw new BusException(path + " belongs to " + owner + ", this process runs as " + self
                    + ": all replicas of a bus run as its owner, unless it is open to a group");
        }
    }

    static boolean makeIfAbsent(Path directory, Set<PosixFilePermission> permissions) throws IOException {
        try {
            Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            Files.setPosixFilePermissions(directory, permissions); // whatever the process's umask takes away
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        }
    }
}
