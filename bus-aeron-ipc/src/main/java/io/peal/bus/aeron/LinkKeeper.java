package io.peal.bus.aeron;

import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.file.HostReplicas;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Keeps this replica linked to the present life of the stream. A thread of its own looks ten times a second whether the
 * driver lives and the link can be used, and takes these steps if not:
 *
 * <ol>
 *   <li>Take the link away from the publishers, and wait until none of them is writing. They wait for the next one.
 *   <li>If the driver is dead, find out where the life ended. The first to come decides it for all replicas, as {@link Streams}
 *       says, and does what the driver would have done if a publisher has died in the middle of a message: pass over it.
 *   <li>Find the next life, and link to it; then give the link to the publishers.
 * </ol>
 *
 * If only the link was lost, because this process did not run for a while, the same life goes on. Readers do not need the
 * link: they read the memory.
 */
final class LinkKeeper implements AutoCloseable {

    private static final long TICK_NS = Duration.ofMillis(100).toNanos();
    private static final int FAILURES_UNTIL_TOLD = 3; // a driver that has just been started may be slow
    private static final long BRIEFLY_NS = Duration.ofMillis(1).toNanos();
    private static final long STRAGGLERS_NS = Duration.ofMillis(10).toNanos();
    private static final long UNBLOCK_NS = DriverMain.UNBLOCK_TIMEOUT.toNanos();
    private static final Duration FIRST_LINK = Duration.ofSeconds(30);

    private final Drivers drivers;
    private final StreamOptions options;
    private final Streams streams;
    private final Pace pace;
    private final HostReplicas replicas;
    private final ErrorHandler errorHandler;
    private final Thread thread;
    private final Set<Writer> writers = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
    private final AtomicLong interruptions = new AtomicLong();
    private final AtomicLong longestInterruptionNs = new AtomicLong();
    private long interruptedNs;
    private int failures; // one after the other
    private volatile @Nullable Link link;
    private volatile boolean closed;
    private volatile boolean lost;

    LinkKeeper(
            Drivers drivers,
            StreamOptions options,
            Streams streams,
            Pace pace,
            HostReplicas replicas,
            String threadName,
            ErrorHandler errorHandler) {
        this.drivers = drivers;
        this.options = options;
        this.streams = streams;
        this.pace = pace;
        this.replicas = replicas;
        this.errorHandler = errorHandler;
        this.thread = new Thread(this::run, threadName);
        this.thread.setDaemon(true);
    }

    /** Links for the first time, in this thread, and lets the keeper's own thread begin. */
    void start() {
        long deadline = System.nanoTime() + FIRST_LINK.toNanos();
        while (link == null) {
            BusException failure = tryToLink();
            if (failure instanceof UnfitException) {
                throw failure;
            }
            if (failure != null && System.nanoTime() - deadline > 0) {
                throw new BusException(
                        "this replica could not take part for " + FIRST_LINK.toSeconds() + " seconds: "
                                + failure.getMessage(),
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

    /** Looks at once whether the link can be used. Without one, it is looked for already, and whoever waits must not disturb that. */
    void wake() {
        if (link != null) {
            LockSupport.unpark(thread);
        }
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
        LockSupport.unpark(thread);
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
        Link last = takeLink();
        if (last != null && drivers.isOwn(last.life())) {
            endOwn(last.life());
        }
    }

    /** While somebody knows about it: this replica takes the driver with it. */
    private void endOwn(Life life) {
        try {
            drivers.end(life, this::cut);
            replicas.ring(Long.MAX_VALUE);
        } catch (BusException e) { // the directory was removed, for example
            errorHandler.onError(e);
        }
    }

    /** The bus is lost: closes the link, and looks for no other, because what is in the directory now may be another bus. */
    void giveUp() {
        lost = true;
        LockSupport.unpark(thread);
    }

    private void run() {
        while (!closed && !lost) {
            LockSupport.parkNanos(link == null ? BRIEFLY_NS : TICK_NS);
            try {
                look();
            } catch (Throwable e) { // there would be no link ever again without this thread
                errorHandler.onError(e);
                LockSupport.parkNanos(TICK_NS);
            }
        }
        if (lost) {
            takeLink();
        }
    }

    private void look() {
        Link present = link;
        if (present != null) {
            boolean alive = drivers.isAlive(present.life()) && !streams.isOver(present.life());
            if (alive && present.isUsable()) {
                forgetPast(present.stream());
                return;
            }
            interruptedNs = System.nanoTime();
            takeLink();
            if (!alive) {
                learnEnd(present.stream());
            }
        }
        BusException failure = tryToLink();
        if (link != null) {
            long took = System.nanoTime() - interruptedNs;
            interruptions.incrementAndGet();
            longestInterruptionNs.accumulateAndGet(took, Math::max);
            failures = 0;
        } else if (failure != null && ++failures == FAILURES_UNTIL_TOLD) {
            errorHandler.onError(failure);
        }
    }

    private @Nullable Link takeLink() {
        Link taken = link;
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
        pace.detach();
        if (taken != null) {
            taken.close();
        }
        return taken;
    }

    private void learnEnd(Stream stream) {
        if (stream.end() == Stream.NO_END) {
            stream.endsAt(drivers.end(stream.life(), this::cut));
            replicas.ring(Long.MAX_VALUE);
        }
    }

    /** Decides where a life ends. */
    private long cut(Life life) {
        replicas.raiseSharedNumber(life.number()); // before the tail is read
        Stream known = streams.of(life.number());
        StreamMemory memory = memoryOf(life);
        if (memory == null) { // who links keeps it, before anybody can publish
            return drivers.hasKept(life.number()) ? Stream.NO_END : 0;
        }
        long tail = memory.tail();
        long first = memory.firstMessage(tail - 2L * memory.termLength(), tail);
        long reached = known == null ? 0 : known.frontier();
        long place = first == tail ? reached : Math.max(reached, first); // what this replica had reached may be cleaned
        long beganNs = System.nanoTime();
        for (place = memory.walk(place, tail, Integer.MAX_VALUE);
                place < tail;
                place = memory.walk(place, tail, Integer.MAX_VALUE)) {
            long waitedNs = System.nanoTime() - beganNs;
            if (waitedNs > STRAGGLERS_NS && memory.firstMessage(place, tail) == tail) {
                return place; // nobody who has returned stands behind this
            }
            if (waitedNs > UNBLOCK_NS) {
                memory.unblock(place); // who wrote here had as long as with a driver
            }
            LockSupport.parkNanos(BRIEFLY_NS);
        }
        return tail;
    }

    /** Of a life that is over: who reads it from now on does not tell it as a position any more, see {@link Streams#newest}. */
    private long tail(Life life) {
        StreamMemory memory = memoryOf(life);
        return memory == null ? 0 : memory.tail();
    }

    private @Nullable StreamMemory memoryOf(Life life) {
        Stream known = streams.of(life.number());
        return known != null ? known.memory() : drivers.memoryOf(life);
    }

    /** Returns why it did not succeed. */
    private @Nullable BusException tryToLink() {
        try {
            long newest = streams.isEmpty() ? 0 : streams.newest();
            Life life = drivers.present(replicas::sharedNumber, newest, this::cut, this::tail)
                    .orElseThrow(
                            () -> new BusException("there is no media driver: start one, or let the replicas do it with"
                                    + " AeronDriver.spawned(); publishers wait until there is one"));
            learnPast(life);
            Link next = Link.open(life, options, this::streamIn, errorHandler);
            pace.attach(next);
            link = next;
            replicas.ring(Long.MAX_VALUE);
            return null;
        } catch (BusException e) {
            LockSupport.parkNanos(TICK_NS);
            return e;
        }
    }

    private Stream streamIn(Life life, Path file) {
        if (!drivers.keepStream(life, file)) {
            drivers.end(life, this::cut);
            throw new BusException("the media driver has lost the stream of the bus: the next life begins");
        }
        Stream stream = streams.of(life.number());
        if (stream == null) {
            stream = new Stream(life, StreamMemory.of(file, life.secret()));
            streams.add(stream, life.oldestKept());
        }
        return stream;
    }

    /** When the present life has as much history as is kept, those before it are memory for nothing. */
    private void forgetPast(Stream present) {
        if (present.frontier() > 2 * options.history() && streams.oldest() != present) {
            for (long number : streams.forgetBefore(present.life())) {
                drivers.forgetStream(number);
            }
        }
    }

    /** What is history when this replica comes, and what has happened while it was not looking. */
    private void learnPast(Life present) {
        for (Life.Past past : present.past()) {
            Stream stream = streams.of(past.number());
            if (stream != null) {
                stream.endsAt(past.end());
                continue;
            }
            Path file = drivers.streamOf(past.number());
            if (file != null && streams.of(present.number()) == null) {
                stream = new Stream(present.asItWas(past), StreamMemory.of(file, present.secret()));
                stream.endsAt(past.end());
                streams.add(stream, present.oldestKept());
            }
        }
    }
}
