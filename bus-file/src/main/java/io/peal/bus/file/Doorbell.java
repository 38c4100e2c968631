package io.peal.bus.file;

import io.peal.bus.ErrorHandler;
import io.peal.bus.spi.WakeUps;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where this process is woken: a Unix socket at which publishers in other processes ring, and the thread that sleeps
 * there. Announcing is thread-safe; the thread does the rest.
 *
 * <p>Who sleeps has its bit set in the control file; a publisher that finds a bit set clears it and rings, so there is one
 * ring for each sleep however many publish. A publisher that dies between the two leaves the sleeper asleep: therefore the
 * thread looks at the log by itself every {@value #SAFETY_MS} ms, or when nobody has rung for some seconds every
 * {@value #QUIET_SAFETY_MS} ms.
 */
final class Doorbell implements AutoCloseable {

    /** As long a nap as there is: the thread looks by itself now and then all the same. */
    static final int UNTIL_RUNG = Integer.MAX_VALUE;

    private static final Logger LOGGER = LoggerFactory.getLogger(Doorbell.class);
    private static final int SAFETY_MS = 50;
    private static final int QUIET_SAFETY_MS =
            250; // each look costs the more the rarer it is, in caches and in compiled code
    private static final int ROUNDS_UNTIL_QUIET = 100;
    private static final int WITHOUT_DOOR_MS = 1;
    private static final int TIME_TO_END_MS = 5_000;

    private final LongSupplier newest;
    private final IntSupplier napMs;
    private final WakeUps wakeUps;
    private final ErrorHandler errorHandler;
    private final boolean spinning;
    private final Path path;
    private final Selector selector;
    private final ByteBuffer rings = ByteBuffer.allocateDirect(256);
    private final Thread thread;
    private int timeoutMs = SAFETY_MS;
    private int quietRounds;
    private volatile boolean closed;

    /**
     * @param newest looks at the log, and says where its newest message stands
     * @param napMs asked before each sleep: how long it lasts at most if nobody rings
     * @param spinning whether it never sleeps
     */
    Doorbell(
            Path path,
            LongSupplier newest,
            IntSupplier napMs,
            WakeUps wakeUps,
            boolean spinning,
            String threadName,
            ErrorHandler errorHandler) {
        this.path = path;
        this.newest = newest;
        this.napMs = napMs;
        this.wakeUps = wakeUps;
        this.spinning = spinning;
        this.errorHandler = errorHandler;
        this.selector = SegmentFiles.uninterruptibly(path, Selector::open);
        this.thread = new Thread(spinning ? this::spin : this::sleepAndListen, threadName);
        this.thread.setDaemon(true);
    }

    void start() {
        if (!spinning) {
            openDoor();
        }
        thread.start();
    }

    /** Waits for the thread, because the door it removes will be another's as soon as this one's place is free. */
    @Override
    public void close() {
        closed = true;
        selector.wakeup();
        if (Thread.currentThread() != thread) {
            boolean interrupted = Thread.interrupted();
            try {
                thread.join(TIME_TO_END_MS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void openDoor() {
        SegmentFiles.delete(path); // of one that was here before us and died
        try {
            ServerSocketChannel door = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                door.bind(UnixDomainSocketAddress.of(path), 64);
                door.configureBlocking(false);
                door.register(selector, SelectionKey.OP_ACCEPT);
            } catch (IOException | RuntimeException e) {
                door.close();
                throw e;
            }
        } catch (IOException | UnsupportedOperationException e) {
            timeoutMs = WITHOUT_DOOR_MS;
            LOGGER.warn(
                    "no doorbell at {} ({}): this replica looks every millisecond instead; a shorter directory name helps"
                            + " where the path of a socket is too long",
                    path,
                    e.getMessage());
        }
    }

    private void spin() {
        while (!closed) {
            try {
                wakeUps.fire(newest.getAsLong());
            } catch (RuntimeException | Error e) {
                rest(e);
            }
            Thread.onSpinWait();
        }
        closeAll();
    }

    private void sleepAndListen() {
        while (!closed) {
            try {
                boolean quiet = quietRounds >= ROUNDS_UNTIL_QUIET && timeoutMs == SAFETY_MS;
                int sleepMs = quiet ? QUIET_SAFETY_MS : timeoutMs;
                int rung = selector.select(this::answer, Math.min(sleepMs, napMs.getAsInt()));
                Steps.at(Steps.Step.SLEEP_WOKEN);
                quietRounds = rung > 0 ? 0 : quietRounds + 1;
                wakeUps.fire(newest.getAsLong());
            } catch (IOException | RuntimeException | Error e) {
                rest(e);
            }
        }
        closeAll();
    }

    /** What cannot be done now, because there is no file descriptor left, for example, is tried again, but not at full speed. */
    private void rest(Throwable failure) {
        if (!closed) {
            errorHandler.onError(failure);
            LockSupport.parkNanos(SAFETY_MS * 1_000_000L);
        }
    }

    private void answer(SelectionKey key) {
        try {
            if (key.channel() instanceof ServerSocketChannel door) {
                accept(door);
            } else if (key.channel() instanceof SocketChannel ringer) {
                drain(ringer);
            }
        } catch (IOException gone) {
            closeQuietly(key);
        }
    }

    private void accept(ServerSocketChannel door) throws IOException {
        for (SocketChannel ringer = door.accept(); ringer != null; ringer = door.accept()) {
            ringer.configureBlocking(false);
            ringer.register(selector, SelectionKey.OP_READ);
        }
    }

    private void drain(SocketChannel ringer) throws IOException {
        int read;
        do {
            rings.clear();
            read = ringer.read(rings);
        } while (read == rings.capacity());
        if (read < 0) {
            ringer.close();
        }
    }

    private void closeAll() {
        try {
            selector.keys().forEach(Doorbell::closeQuietly);
            selector.close();
        } catch (IOException | ClosedSelectorException e) {
            errorHandler.onError(e);
        }
        if (!spinning) {
            SegmentFiles.delete(path);
        }
    }

    private static void closeQuietly(SelectionKey key) {
        try {
            key.channel().close();
        } catch (IOException e) {
            key.cancel();
        }
    }
}
