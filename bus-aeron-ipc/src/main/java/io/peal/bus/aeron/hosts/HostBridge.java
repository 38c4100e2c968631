package io.peal.bus.aeron.hosts;

import io.aeron.Aeron;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.peal.bus.Bus;
import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.aeron.JvmFlag;
import io.peal.bus.file.OwnDirectory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.agrona.IoUtil;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes one service of the replicas on several hosts: what is published on the bus of a host is published on the buses of all
 * others, too, over UDP by Aeron. Thread-safe.
 *
 * <p>Each host has a bus of its own ({@code FileBus} or {@code AeronBus}), with its own order and positions: on two hosts,
 * messages from different hosts may be in a different order, while those from one host keep theirs. A resume token is good on
 * the host that gave it. Every replica opens a bridge; one of each host is active, and when it dies the next one goes on
 * where it was: every message of a host comes to every other once, as long as the bus there keeps it until it was sent.
 *
 * <p>Whoever can send to the endpoint can publish: it belongs into a network that is trusted. It needs the JVM flag {@code
 * --add-exports=java.base/jdk.internal.misc=ALL-UNNAMED}.
 *
 * <pre>{@code
 * HostBridge bridge = HostBridge.at(Path.of("/dev/shm/chat-bridge"))
 *         .bus(() -> FileBus.at(Path.of("/dev/shm/chat")).replicaName("bridge").open())
 *         .endpoint("10.0.0.1:40100")
 *         .peer("10.0.0.2:40100")
 *         .peer("10.0.0.3:40100")
 *         .open();
 * }</pre>
 */
public final class HostBridge implements AutoCloseable {

    static final int STREAM_ID = 0x7ea2;

    private static final Logger LOGGER = LoggerFactory.getLogger(HostBridge.class);
    private static final int TERM_LENGTH = 4 << 20;
    private static final int COUNTERS_LENGTH = 1 << 20; // the least that Aeron takes: enough for thousands of them
    private static final String DRIVER_PREFIX = "aeron-";
    private static final long AGAIN_NS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final Duration STATUS_INTERVAL = Duration.ofMillis(200);

    private final Path directory;
    private final Supplier<? extends Bus> opener;
    private final String endpoint;
    private final List<String> peers;
    private final @Nullable Path externalDriver;
    private final ErrorHandler errorHandler;
    private final FileChannel lockFile;
    private final Thread thread;
    private volatile HostBridgeStatus status;
    private volatile boolean closed;

    private HostBridge(Builder options, Supplier<? extends Bus> opener, String endpoint) {
        JvmFlag.check();
        this.directory = options.directory.toAbsolutePath().normalize();
        this.opener = opener;
        this.endpoint = endpoint;
        this.peers = List.copyOf(options.peers);
        this.externalDriver = options.driver;
        this.errorHandler = options.errorHandler;
        this.status = new HostBridgeStatus(false, strangersYet());
        OwnDirectory.prepare(directory);
        try {
            this.lockFile = FileChannel.open(
                    directory.resolve("bridge.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new BusException("the bridge cannot use its directory " + directory, e);
        }
        this.thread = new Thread(this::run, "peal-bridge");
        this.thread.setDaemon(true);
    }

    /**
     * The bridge of a host, before it is opened.
     *
     * @param directory the same for all replicas of the host and for no other host; is made if it is not there, and belongs to the
     *     replicas' user alone; on Linux, below {@code /dev/shm}
     */
    public static Builder at(Path directory) {
        return new Builder(directory);
    }

    /** What it has done; refreshed a few times a second. */
    public HostBridgeStatus status() {
        return status;
    }

    /** Ends it; another replica of the host goes on. Idempotent, waits for its thread unless that is who calls. */
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
    }

    static String channel(String endpoint) {
        return "aeron:udp?endpoint=" + endpoint + "|term-length=" + TERM_LENGTH + "|linger=0s";
    }

    private void run() {
        boolean active = false;
        while (!closed) {
            try {
                active = active || isElected();
                if (active) {
                    serve();
                }
            } catch (Throwable e) { // this thread holds the lock: if it ended, no other bridge could go on
                errorHandler.onError(
                        new BusException("the bridge of " + endpoint + " begins anew: " + e.getMessage(), e));
            }
            if (!closed) {
                LockSupport.parkNanos(AGAIN_NS);
            }
        }
        status = new HostBridgeStatus(false, status.peers());
        giveLockBack();
    }

    private void giveLockBack() {
        try {
            lockFile.close();
        } catch (IOException e) {
            LOGGER.warn("cannot close the lock of the bridge: {}", e.toString());
        }
    }

    private boolean isElected() {
        try {
            FileLock lock = lockFile.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException anotherBridgeOfThisJvm) {
            return false;
        } catch (IOException e) {
            throw new BusException("cannot lock " + directory, e);
        }
    }

    private void serve() {
        removeDeadDrivers();
        Path own = directory.resolve(DRIVER_PREFIX + Long.toHexString(System.nanoTime()));
        Path driverDirectory = externalDriver == null ? own : externalDriver;
        try (BridgeState state = BridgeState.open(directory.resolve("state"));
                Bus bus = opener.get();
                MediaDriver driver = externalDriver == null ? MediaDriver.launch(driver(own)) : null;
                Aeron aeron = Aeron.connect(client(driverDirectory));
                BridgeSession session = new BridgeSession(bus, state, aeron, endpoint, peers, errorHandler)) {
            LOGGER.info(
                    "the bridge of {} is active, as replica {} of its bus, with {} driver; peers are {}",
                    endpoint,
                    bus.replica(),
                    driver == null ? "an external" : "a",
                    peers);
            long toldNs = System.nanoTime();
            while (!closed && !aeron.isClosed()) {
                session.work();
                if (System.nanoTime() - toldNs >= STATUS_INTERVAL.toNanos()) {
                    toldNs = System.nanoTime();
                    status = new HostBridgeStatus(true, session.status());
                }
            }
            status = new HostBridgeStatus(!closed, session.status());
        }
    }

    /** They are of bridges that were killed: this one holds the lock. */
    private void removeDeadDrivers() {
        try (DirectoryStream<Path> dead = Files.newDirectoryStream(directory, DRIVER_PREFIX + "*")) {
            for (Path each : dead) {
                IoUtil.delete(each.toFile(), true);
            }
        } catch (IOException e) {
            throw new BusException("cannot look into " + directory, e);
        }
    }

    private MediaDriver.Context driver(Path own) {
        return new MediaDriver.Context()
                .aeronDirectoryName(own.toString())
                .threadingMode(ThreadingMode.SHARED)
                .sharedIdleStrategy(new BackoffIdleStrategy(20, 50, 1_000, TimeUnit.MILLISECONDS.toNanos(1)))
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true)
                .warnIfDirectoryExists(false)
                .counterValuesBufferLength(COUNTERS_LENGTH)
                .errorHandler(errorHandler::onError);
    }

    private Aeron.Context client(Path driverDirectory) {
        return new Aeron.Context()
                .aeronDirectoryName(driverDirectory.toString())
                .errorHandler(errorHandler::onError);
    }

    private List<HostBridgeStatus.Peer> strangersYet() {
        return peers.stream()
                .map(peer -> new HostBridgeStatus.Peer(peer, false, 0, 0, 0))
                .toList();
    }

    /** Options of a {@link HostBridge}. Not thread-safe. */
    public static final class Builder {

        private final Path directory;
        private final Set<String> peers = new LinkedHashSet<>();
        private @Nullable Supplier<? extends Bus> bus;
        private @Nullable String endpoint;
        private @Nullable Path driver;
        private ErrorHandler errorHandler = ErrorHandler.logging();

        private Builder(Path directory) {
            this.directory = directory;
        }

        /**
         * How the bridge joins the bus of its host: as a replica of its own, which it closes. Called when this bridge
         * becomes the active one, and again after a failure.
         */
        public Builder bus(Supplier<? extends Bus> opener) {
            this.bus = opener;
            return this;
        }

        /** Where this host is reached: address, colon, UDP port, as the others name it. */
        public Builder endpoint(String endpoint) {
            this.endpoint = checked(endpoint);
            return this;
        }

        /** Another host, by its endpoint, spelled as that host spells it: to be said for each of them. */
        public Builder peer(String endpoint) {
            peers.add(checked(endpoint));
            return this;
        }

        /** The directory of a running media driver to be used; by default, the active bridge has one of its own. */
        public Builder externalDriver(Path aeronDirectory) {
            this.driver = aeronDirectory;
            return this;
        }

        /** Where errors on the bridge's threads go; they are logged by default. */
        public Builder errorHandler(ErrorHandler handler) {
            this.errorHandler = handler.guarded();
            return this;
        }

        /**
         * Opens the bridge, which stands by until it is the only one, or the first, of its host.
         *
         * @throws IllegalArgumentException if an option is missing, or out of its range
         * @throws BusException if the directory cannot be used, or the JVM flag is missing
         */
        public HostBridge open() {
            Supplier<? extends Bus> opener = bus;
            String own = endpoint;
            if (opener == null || own == null || peers.isEmpty()) {
                throw new IllegalArgumentException("a bridge needs a bus, an endpoint, and at least one peer");
            }
            if (peers.contains(own)) {
                throw new IllegalArgumentException("a host is not its own peer: " + own);
            }
            if (peers.size() > BridgeState.MAX_PEERS) {
                throw new IllegalArgumentException(
                        peers.size() + " peers, at most " + BridgeState.MAX_PEERS + " can be");
            }
            HostBridge bridge = new HostBridge(this, opener, own);
            bridge.thread.start();
            return bridge;
        }

        /** An endpoint becomes part of a channel's address, so it must not be able to add to it. */
        private static String checked(String endpoint) {
            int colon = endpoint.lastIndexOf(':');
            boolean sound = colon > 0
                    && colon < endpoint.length() - 1
                    && endpoint.length() <= BridgeState.MAX_ENDPOINT_LENGTH
                    && endpoint.chars()
                            .allMatch(c -> (c >= '0' && c <= '9')
                                    || (c >= 'a' && c <= 'z')
                                    || (c >= 'A' && c <= 'Z')
                                    || ".-_:[]".indexOf(c) >= 0);
            if (!sound) {
                throw new IllegalArgumentException(
                        "an endpoint is an address, a colon and a port, not '" + endpoint + "'");
            }
            return endpoint;
        }
    }
}
