package io.peal.bus.aeron;

import io.aeron.Publication;
import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.file.HostReplicas;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps this replica linked to the present life of the stream. A thread of its own looks ten times a second whether the
 * driver lives and the link can be used, and takes these steps if not:
 *
 * <ol>
 *   <li>Take the link away from the publishers, and wait until none of them is writing. They wait for the next one.
 *   <li>If the driver is dead, end the life: write a message into its memory that says so. Whoever does it first decides
 *       where the life ends, for all replicas; for that is in the same order as all messages.
 *   <li>Bring the rest into the window, up to that message. If a publisher died in the middle of a message, do what the
 *       driver would have done: pass over it after a while.
 *   <li>Remember the own messages that stand behind the end: they were not published. Those of others, too: if one of them
 *       dies before it has published its own again, the others do.
 *   <li>Find the next life, and link to it; publish those messages first; then give the link to the publishers.
 * </ol>
 *
 * If only the link was lost, because this process did not run for a while, there is no end, and the same life goes on; if
 * it has not gone on when there is a link again, steps 3 and 4 are done then.
 */
final class LinkKeeper implements AutoCloseable {

    private static final long TICK_NS = Duration.ofMillis(100).toNanos();
    private static final long BRIEFLY_NS = Duration.ofMillis(1).toNanos();
    private static final long END_LIMIT_NS = Duration.ofMillis(300).toNanos();
    private static final long UNBLOCK_NS = DriverMain.UNBLOCK_TIMEOUT.toNanos();
    private static final long GIVE_UP_NS = 2 * UNBLOCK_NS;
    private static final long FIRST_LINK_NS = Duration.ofSeconds(30).toNanos();

    private final Drivers drivers;
    private final StreamOptions stream;
    private final Feeder feeder;
    private final HostReplicas replicas;
    private final int replica;
    private final ErrorHandler errorHandler;
    private final Thread thread;
    private final Set<Writer> writers = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
    private final Deque<byte[]> unpublished = new ArrayDeque<>(); // own messages behind the end of a life
    private final Deque<byte[]> ofOthers = new ArrayDeque<>(); // behind the end of a life, until they are seen
    private final AtomicLong resent = new AtomicLong();
    private final AtomicLong interruptions = new AtomicLong();
    private final AtomicLong longestInterruptionNs = new AtomicLong();
    private @Nullable Link last; // taken away from the publishers, and its life may have more to be brought
    private long lastLife;
    private long interruptedNs;
    private boolean told;
    private volatile @Nullable Link link;
    private volatile boolean closed;

    LinkKeeper(
            Drivers drivers,
            StreamOptions stream,
            Feeder feeder,
            HostReplicas replicas,
            String threadName,
            ErrorHandler errorHandler) {
        this.drivers = drivers;
        this.stream = stream;
        this.feeder = feeder;
        this.replicas = replicas;
        this.replica = replicas.number();
        this.errorHandler = errorHandler;
        this.thread = new Thread(this::run, threadName);
        this.thread.setDaemon(true);
    }

    /** Links for the first time, in this thread, and lets the keeper's own thread begin. */
    void start() {
        long deadline = System.nanoTime() + FIRST_LINK_NS;
        while (link == null) {
            BusException failure = tryToLink();
            if (link == null && System.nanoTime() - deadline > 0) {
                throw new BusException(
                        "no media driver to link to: start one, or let the replicas do it with AeronDriver.spawned()",
                        failure);
            }
        }
        thread.start();
    }

    /** The link to publish through, null while there is none. To be asked between {@link Writer#enter} and leave only. */
    @Nullable
    Link link() {
        return link;
    }

    /** A writer that is waited for before a link is closed. */
    void register(Writer writer) {
        writers.add(writer);
    }

    /** Looks at once. */
    void wake() {
        LockSupport.unpark(thread);
    }

    long resent() {
        return resent.get();
    }

    long interruptions() {
        return interruptions.get();
    }

    Duration longestInterruption() {
        return Duration.ofNanos(longestInterruptionNs.get());
    }

    @Override
    public void close() {
        closed = true;
        wake();
        boolean interrupted = false;
        while (thread.isAlive() && Thread.currentThread() != thread) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        Link present = link;
        takeLink();
        feeder.detach();
        if (present != null && drivers.isOwn(present.life())) {
            writeEnd(present); // while that can be done: this replica takes the driver with it
        }
        closeLast();
    }

    private void run() {
        while (!closed) {
            LockSupport.parkNanos(link == null ? BRIEFLY_NS : TICK_NS);
            try {
                look();
            } catch (RuntimeException e) {
                errorHandler.onError(e);
                LockSupport.parkNanos(TICK_NS);
            }
        }
    }

    private void look() {
        Link present = link;
        if (present != null) {
            boolean alive = drivers.isAlive(present.life());
            if (alive && present.isUsable() && !feeder.hasEnded()) {
                publishForTheDead(present);
                return;
            }
            interruptedNs = System.nanoTime();
            takeLink();
            feeder.detach();
            if (alive && !feeder.hasEnded()) {
                present.closeClient();
            } else {
                finish(present);
            }
        }
        BusException failure = tryToLink();
        if (link != null) {
            long took = System.nanoTime() - interruptedNs;
            interruptions.incrementAndGet();
            longestInterruptionNs.accumulateAndGet(took, Math::max);
            told = false;
        } else if (failure != null && !told) {
            told = true;
            errorHandler.onError(failure);
        }
    }

    /** Step 1. */
    private void takeLink() {
        last = link;
        link = null;
        Writer[] all;
        synchronized (writers) {
            all = writers.toArray(Writer[]::new);
        }
        for (Writer writer : all) {
            while (writer.isWriting()) {
                Thread.onSpinWait();
            }
        }
    }

    /** Steps 2 to 4. */
    private void finish(Link ending) {
        RawLog raw = ending.raw();
        boolean endWritten = feeder.hasEnded() || writeEnd(ending);
        long begin = System.nanoTime();
        long stuckAt = -1;
        long stuckSince = begin;
        while (!feeder.bringRest(raw)) {
            long now = System.nanoTime();
            boolean all = feeder.place() == raw.tail();
            if ((all && !endWritten && now - begin > END_LIMIT_NS) || now - begin > GIVE_UP_NS) {
                break; // the stream is full, so nobody can write behind this any more
            }
            if (feeder.place() != stuckAt) {
                stuckAt = feeder.place();
                stuckSince = now;
            } else if (!all && now - stuckSince > UNBLOCK_NS) {
                raw.unblock(stuckAt);
                stuckSince = now;
            }
            LockSupport.parkNanos(BRIEFLY_NS);
        }
        List<byte[]> own = new ArrayList<>();
        raw.readWhatIsThere(feeder.place(), raw.tail(), (buffer, offset, length, place) -> {
            if (Envelope.isMessage(buffer, offset, length) && Envelope.kind(buffer, offset) != Envelope.END) {
                byte[] message = new byte[length];
                buffer.getBytes(offset, message);
                if (Envelope.replica(buffer, offset) == replica) {
                    own.add(message);
                } else {
                    ofOthers.add(message);
                }
            }
        });
        own.addAll(unpublished); // what was not even written again comes later
        unpublished.clear();
        unpublished.addAll(own);
        lastLife = ending.life().number();
        closeLast();
    }

    private void closeLast() {
        Link closing = last;
        if (closing != null) {
            closing.close();
            last = null;
        }
    }

    /** The shared number rises first: so who writes behind the end sees that it may have done so. */
    private boolean writeEnd(Link ending) {
        replicas.raiseSharedNumber(ending.life().number());
        UnsafeBuffer end = new UnsafeBuffer(new byte[Envelope.TOPIC_AT]);
        Envelope.writeEnd(end, 0, replica);
        long deadline = System.nanoTime() + END_LIMIT_NS;
        while (System.nanoTime() - deadline < 0) {
            long place = ending.publication().isClosed()
                    ? Publication.CLOSED
                    : ending.publication().offer(end);
            if (place > 0) {
                replicas.ring(Long.MAX_VALUE);
                return true;
            }
            LockSupport.parkNanos(BRIEFLY_NS);
        }
        return false;
    }

    /** Step 5; returns why it did not succeed. */
    private @Nullable BusException tryToLink() {
        try {
            Life life = drivers.present(lastLife, feeder.newest());
            if (life == null) {
                LockSupport.parkNanos(TICK_NS);
                return new BusException("there is no media driver: publishers wait until there is one");
            }
            Link before = last;
            if (before != null && before.life().number() < life.number()) {
                finish(before); // it has ended while there was no link
            }
            Link next = Link.open(life, stream, errorHandler);
            attach(next);
            closeLast();
            if (publishAgain(next)) {
                link = next;
            } else {
                feeder.detach();
                last = next;
                finish(next);
            }
            return null;
        } catch (BusException e) {
            LockSupport.parkNanos(TICK_NS);
            return e;
        }
    }

    private void attach(Link next) {
        try {
            drivers.keepStream(next.life(), next.file());
            feeder.attach(next, drivers.streamBefore(next.life()));
        } catch (RuntimeException e) { // no room for a window, above all
            feeder.detach();
            next.close();
            throw e;
        }
    }

    /** In their order; readers leave out what they have seen, so it does no harm if several replicas do this. */
    private void publishForTheDead(Link present) {
        while (!ofOthers.isEmpty()) {
            UnsafeBuffer message = new UnsafeBuffer(ofOthers.getFirst());
            boolean seen = feeder.hasSeen(Envelope.writer(message, 0), Envelope.sequence(message, 0));
            if (!seen && replicas.isAlive(Envelope.replica(message, 0))) {
                return; // it does so itself, or this is looked at again
            }
            if (!seen && present.publication().offer(message) < 0) {
                return;
            }
            ofOthers.removeFirst();
            if (!seen) {
                resent.incrementAndGet();
                feeder.feed();
                replicas.ring(Long.MAX_VALUE);
            }
        }
    }

    private boolean publishAgain(Link next) {
        while (!unpublished.isEmpty()) {
            long place = next.publication().offer(new UnsafeBuffer(unpublished.getFirst()));
            if (place > 0) {
                unpublished.removeFirst();
                resent.incrementAndGet();
                replicas.ring(Long.MAX_VALUE);
            } else if (closed || !next.isUsable() || !drivers.isAlive(next.life())) {
                return false;
            } else {
                feeder.feed();
                LockSupport.parkNanos(BRIEFLY_NS);
            }
        }
        return true;
    }
}
