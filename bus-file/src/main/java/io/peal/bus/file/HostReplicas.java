package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.WakeUp;
import io.peal.bus.spi.WakeUps;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/**
 * The replicas of one host on another transport: each has a number, its death is noticed, and each can sleep until somebody
 * rings. It is what a {@link FileBus} has besides its log, in a directory of its own. Thread-safe.
 */
public final class HostReplicas implements AutoCloseable {

    private static final Geometry NO_LOG =
            new Geometry(Geometry.MIN_INDEX_SLOTS_LOG2, Geometry.MIN_DATA_SEGMENT_LENGTH);

    private final Control control;
    private final Membership membership;
    private final Maintenance maintenance;
    private final WakeUps wakeUps;
    private final Bells bells;
    private final Doorbell doorbell;
    private final Owner owner;
    private final boolean spinning;
    private boolean lost; // the background thread's own
    private boolean closed; // guarded by this

    private HostReplicas(
            BusDirectory directory,
            Control control,
            Membership membership,
            Waiting waiting,
            Owner owner,
            ErrorHandler errorHandler) {
        this.control = control;
        this.membership = membership;
        this.owner = owner;
        int self = membership.slot();
        String threads = "peal-" + membership.writerId();
        this.spinning = waiting == Waiting.SPINNING;
        this.wakeUps = new WakeUps(owner::look, this::announceSleep, errorHandler);
        this.bells = new Bells(directory, control, self, wakeUps);
        this.doorbell = new Doorbell(
                directory.door(self),
                owner::lookWhenWoken,
                owner::napMs,
                wakeUps,
                spinning,
                threads + "-doorbell",
                errorHandler);
        this.maintenance = new Maintenance(threads + "-maintenance", errorHandler);
        maintenance.repeat(this::tick, LogHome.TICK_MS);
    }

    /**
     * Takes part.
     *
     * @param path the directory: the same for all replicas of a bus on this host; made if it is not there
     * @param owner the bus that they are the replicas of
     */
    public static HostReplicas join(
            Path path,
            String replicaName,
            boolean openToGroup,
            Waiting waiting,
            Owner owner,
            ErrorHandler errorHandler) {
        BusDirectory directory = BusDirectory.prepare(path, openToGroup);
        Control control = Control.openOrCreate(directory, NO_LOG);
        Membership membership = Membership.join(directory, control, replicaName);
        try {
            return new HostReplicas(directory, control, membership, waiting, owner, errorHandler);
        } catch (RuntimeException | Error e) {
            membership.close();
            throw e;
        }
    }

    /** The bus on the other transport. Thread-safe. */
    public interface Owner {

        /** There is nothing to do before somebody rings; the thread looks by itself now and then all the same. */
        int UNTIL_RUNG = Doorbell.UNTIL_RUNG;

        /** Looks whether there is something new, and returns the newest position; called by the thread that waits. */
        long lookWhenWoken();

        /** The same for a reader that is about to sleep: it must not miss what was published before. */
        long look();

        /** How long the thread that waits sleeps at most if nobody rings, in milliseconds, or {@link #UNTIL_RUNG}; asked each time. */
        int napMs();

        /** This replica is cut off from the others: the directory is not there any more, or they took it for dead. Called once. */
        void lost(BusException reason);
    }

    /** Lets the thread begin that waits. */
    public void start() {
        doorbell.start();
    }

    /** The number of this replica: positive, and no other one has had it. */
    public int number() {
        return membership.writerId();
    }

    /** Whether the replica with a number is here, as far as anybody knows. */
    public boolean isAlive(int replica) {
        membership.buryDead();
        return membership.aliveWriters().contains(replica);
    }

    /** A way to sleep until there is something to read; see {@link io.peal.bus.Bus#newWakeUp}. */
    public WakeUp newWakeUp(Runnable onAvailable) {
        return wakeUps.add(onAvailable);
    }

    /** Whether a reader of this replica sleeps, and is to be woken when there is something. */
    public boolean isAnyReaderAsleep() {
        return wakeUps.isAnyArmed();
    }

    /** Says that this replica is about to sleep: who publishes from now on rings. */
    public void announceSleep() {
        if (!spinning) {
            control.announceSleep(membership.slot());
        }
    }

    /**
     * Wakes everybody who sleeps, because something was published. A fence and four loads of memory if nobody does: other transports
     * complete a message with a store that a processor may still hold back when it loads what is behind it, and then neither
     * would the publisher see the sleeper nor the sleeper the message.
     */
    public void ring(long position) {
        VarHandle.fullFence();
        if (control.isAnyoneAsleep()) {
            bells.ring(position);
        }
    }

    /** A number that all replicas of the host share, at least 0. It is read as cheaply as any volatile field. */
    public long sharedNumber() {
        return control.oldest() - 1;
    }

    /** Raises that number, unless it is as high already. */
    public void raiseSharedNumber(long number) {
        control.raiseOldest(number + 1);
    }

    /** Runs a task again and again on the background thread, with this pause. */
    public void repeat(Runnable task, long pauseMs) {
        maintenance.repeat(task, pauseMs);
    }

    /** Ends the threads, so that nothing is looked at any more; the number is kept until {@link #close}. */
    public void stop() {
        doorbell.close();
        bells.close();
        maintenance.close();
    }

    private void tick() {
        BusException reason = lost ? null : membership.whyCutOff();
        if (reason != null) {
            owner.lost(reason);
            lost = true;
        }
        if (!lost) {
            membership.buryDead();
        }
    }

    /** Leaves. Idempotent. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            stop();
            membership.close();
        }
    }
}
