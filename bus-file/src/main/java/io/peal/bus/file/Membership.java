package io.peal.bus.file;

import io.peal.bus.BusException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * This replica's place among the participants of a bus: a slot whose file it holds locked as long as it lives. The
 * operating system drops the lock when the process ends, however it ends, so a slot whose file can be locked is free.
 *
 * <p>A hazard of POSIX locks shapes this class: closing <em>any</em> channel on a file drops the process's lock on it. So
 * a slot that this JVM holds must not even be opened to look at it; which ones those are is kept for the whole JVM, in
 * the system properties, because several class loaders may have loaded this class.
 */
final class Membership implements AutoCloseable {

    private static final String HELD_BY_THIS_JVM = "io.peal.bus.file.slots";
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Control control;
    private final FileChannel lockFile;
    private final String heldAs;
    private final int slot;
    private final int writerId;

    private Membership(Control control, FileChannel lockFile, String heldAs, int slot, int writerId) {
        this.control = control;
        this.lockFile = lockFile;
        this.heldAs = heldAs;
        this.slot = slot;
        this.writerId = writerId;
    }

    /** Takes a free slot. */
    static Membership join(BusDirectory directory, Control control, String name) {
        return SegmentFiles.uninterruptibly(directory.path(), () -> {
            for (int slot = 0; slot < ControlLayout.PARTICIPANTS; slot++) {
                Membership membership = tryToJoin(directory, control, name, slot);
                if (membership != null) {
                    return membership;
                }
            }
            throw new BusException(directory.path() + " has " + ControlLayout.PARTICIPANTS
                    + " replicas, which is the limit: stop one, or split the service over several buses");
        });
    }

    int writerId() {
        return writerId;
    }

    @Override
    public void close() {
        control.leave(slot);
        try {
            lockFile.close();
        } catch (IOException e) {
            throw new BusException("cannot close the lock of slot " + slot, e);
        } finally {
            heldByThisJvm().remove(heldAs);
        }
    }

    private static @Nullable Membership tryToJoin(BusDirectory directory, Control control, String name, int slot)
            throws IOException {
        Object bus = Files.readAttributes(directory.control(), BasicFileAttributes.class)
                .fileKey();
        String heldAs = bus + "/" + slot;
        if (!heldByThisJvm().add(heldAs)) {
            return null;
        }
        FileChannel lockFile = lock(directory.slotLock(slot));
        if (lockFile == null) {
            heldByThisJvm().remove(heldAs);
            return null;
        }
        int writerId = control.takeWriterId();
        control.enter(slot, writerId, name);
        return new Membership(control, lockFile, heldAs, slot, writerId);
    }

    private static @Nullable FileChannel lock(Path file) throws IOException {
        FileChannel channel = FileChannel.open(
                file, Set.<OpenOption>of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), OWNER_ONLY);
        FileLock lock = channel.tryLock();
        if (lock == null) {
            channel.close();
            return null;
        }
        return channel;
    }

    @SuppressWarnings("unchecked") // only this class, of whatever class loader, uses the key
    private static Collection<String> heldByThisJvm() {
        return (Collection<String>)
                System.getProperties().computeIfAbsent(HELD_BY_THIS_JVM, key -> ConcurrentHashMap.<String>newKeySet());
    }
}
