package io.peal.bus.file;

import io.peal.bus.BusException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
    private static final Logger LOGGER = LoggerFactory.getLogger(Membership.class);

    private final BusDirectory directory;
    private final Control control;
    private final Object bus; // identity of the directory's control file
    private final FileChannel lockFile;
    private final int slot;
    private final int writerId;

    private Membership(
            BusDirectory directory, Control control, Object bus, FileChannel lockFile, int slot, int writerId) {
        this.directory = directory;
        this.bus = bus;
        this.control = control;
        this.lockFile = lockFile;
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

    int slot() {
        return slot;
    }

    /** Refuses to go on when the others have declared this process dead. */
    void checkAlive() {
        if (!control.isStill(slot, writerId)) {
            throw deadForOthers();
        }
    }

    /**
     * Why this replica has no part in the bus any more, or nothing. If somebody has removed the directory, those who had it
     * open go on together for as long as they need no new file, and whoever comes makes another bus beside them.
     */
    @Nullable
    BusException whyCutOff() {
        try {
            if (!identityOf(directory).equals(bus)) {
                return cutOff("replaced");
            }
        } catch (BusException e) {
            if (e.getCause() instanceof NoSuchFileException) {
                return cutOff("removed");
            }
            throw e; // it may pass
        }
        return control.isStill(slot, writerId) ? null : deadForOthers();
    }

    private BusException deadForOthers() {
        return new BusException("this replica has left the bus, or was taken for dead because the lock of its slot "
                + slot + " was free: open the bus anew");
    }

    private BusException cutOff(String what) {
        return new BusException(directory.path() + " was " + what + " while the bus was open: this replica is cut off"
                + " from the others, open the bus anew");
    }

    private static Object identityOf(BusDirectory directory) {
        Path file = directory.control();
        Object key = SegmentFiles.uninterruptibly(file, () -> Files.readAttributes(file, BasicFileAttributes.class)
                .fileKey());
        return key == null ? file : key;
    }

    /** The writers that live, as far as anybody knows. */
    Set<Integer> aliveWriters() {
        Set<Integer> alive = new HashSet<>();
        for (int participant = 0; participant < ControlLayout.PARTICIPANTS; participant++) {
            if (control.isActive(participant)) {
                alive.add(control.writerId(participant));
            }
        }
        return alive;
    }

    /** Frees the slots of participants that died, which are active and yet not locked; returns whether there were any. */
    boolean buryDead() {
        boolean died = false;
        for (int participant = 0; participant < ControlLayout.PARTICIPANTS; participant++) {
            if (control.isActive(participant)) {
                died |= buryIfDead(participant);
            }
        }
        return died;
    }

    private boolean buryIfDead(int participant) {
        if (!heldByThisJvm().add(bus + "/" + participant)) {
            return false;
        }
        try {
            return SegmentFiles.uninterruptibly(directory.slotLock(participant), () -> {
                try (FileChannel channel = lock(directory.slotLock(participant))) {
                    if (channel != null) {
                        Steps.at(Steps.Step.BURY_LOCKED);
                        LOGGER.info(
                                "replica {} in slot {} has died; its place is free",
                                control.writerId(participant),
                                participant);
                        control.leave(participant);
                        Files.deleteIfExists(directory.door(participant));
                        Steps.at(Steps.Step.BURY_FREED);
                    }
                    return channel != null;
                }
            });
        } finally {
            heldByThisJvm().remove(bus + "/" + participant);
        }
    }

    int writerId() {
        return writerId;
    }

    @Override
    public void close() {
        control.leave(slot);
        Steps.at(Steps.Step.LEAVE_FREED);
        try {
            lockFile.close();
        } catch (IOException e) {
            throw new BusException("cannot close the lock of slot " + slot, e);
        } finally {
            heldByThisJvm().remove(bus + "/" + slot);
        }
    }

    private static @Nullable Membership tryToJoin(BusDirectory directory, Control control, String name, int slot)
            throws IOException {
        Object bus = identityOf(directory);
        String heldAs = bus + "/" + slot;
        if (!heldByThisJvm().add(heldAs)) {
            return null;
        }
        Membership joined = null;
        try {
            FileChannel lockFile = lock(directory.slotLock(slot));
            if (lockFile != null) {
                joined = enter(directory, control, name, bus, lockFile, slot);
            }
            return joined;
        } finally {
            if (joined == null) {
                heldByThisJvm().remove(heldAs);
            }
        }
    }

    private static Membership enter(
            BusDirectory directory, Control control, String name, Object bus, FileChannel lockFile, int slot)
            throws IOException {
        try {
            Steps.at(Steps.Step.JOIN_LOCKED);
            int writerId = control.takeWriterId();
            Steps.at(Steps.Step.JOIN_NUMBERED);
            control.enter(slot, writerId, name);
            Steps.at(Steps.Step.JOIN_ENTERED);
            return new Membership(directory, control, bus, lockFile, slot, writerId);
        } catch (RuntimeException | Error e) {
            control.leave(slot);
            lockFile.close();
            throw e;
        }
    }

    /** Null if another process has it. Closing the channel then frees nothing, because this JVM has no other one on the file. */
    private static @Nullable FileChannel lock(Path file) throws IOException {
        FileChannel channel = SegmentFiles.openLock(file);
        FileLock lock = null;
        try {
            lock = channel.tryLock();
        } finally {
            if (lock == null) {
                channel.close();
            }
        }
        return lock == null ? null : channel;
    }

    @SuppressWarnings("unchecked") // only this class, of whatever class loader, uses the key
    private static Collection<String> heldByThisJvm() {
        return (Collection<String>)
                System.getProperties().computeIfAbsent(HELD_BY_THIS_JVM, key -> ConcurrentHashMap.<String>newKeySet());
    }
}
