package io.peal.fanout;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * How many connections there may be: what the limits say, or fewer if the process has not as many file descriptors. Without
 * some to spare it could not open the next part of the log for the clients that are here. Thread-safe.
 */
final class ConnectionCap {

    private static final Logger LOGGER = LoggerFactory.getLogger(ConnectionCap.class);
    private static final Path THIS_PROCESS = Path.of("/proc/self");
    private static final String OPEN_FILES = "Max open files";
    private static final int LEAST_SPARED = 64;
    private static final int SPARED_SHARE = 16; // one descriptor in so many
    private static final long UNKNOWN = Long.MAX_VALUE;

    private final long most;
    private final AtomicInteger taken = new AtomicInteger();

    private ConnectionCap(long most) {
        this.most = most;
    }

    /** What holds for this process from now on; says so if that is less than the limits promise, and warns if they were asked for. */
    static ConnectionCap of(Limits limits) {
        return of(limits, THIS_PROCESS);
    }

    /** @param process where Linux describes a process */
    static ConnectionCap of(Limits limits, Path process) {
        long wanted = limits.connections() == 0 ? Long.MAX_VALUE : limits.connections();
        long descriptors = mostDescriptors(process);
        long possible = descriptors == UNKNOWN ? UNKNOWN : possibleOf(descriptors, process);
        if (possible < wanted) {
            boolean asked = limits.connections() != Limits.defaults().connections();
            LOGGER.atLevel(asked ? Level.WARN : Level.INFO)
                    .log(
                            "no more than {} connections are accepted, because this process may have {} file descriptors: to have more,"
                                    + " raise ulimit -n (LimitNOFILE= for systemd)",
                            possible,
                            descriptors);
        }
        return new ConnectionCap(Math.min(wanted, possible));
    }

    /** How many there may be. */
    long most() {
        return most;
    }

    /** How many places are taken: by connections, and by those that are about to be. */
    int taken() {
        return taken.get();
    }

    /** Whether no more can be accepted. */
    boolean isReached() {
        return taken() >= most;
    }

    /** Takes a place if there is one. */
    boolean take() {
        return taken.getAndUpdate(before -> before < most ? before + 1 : before) < most;
    }

    /** Takes a place for a connection that is there already, and says whether that is one too many. */
    boolean takeAnyway() {
        return taken.getAndIncrement() >= most;
    }

    void giveBack() {
        taken.decrementAndGet();
    }

    private static long possibleOf(long descriptors, Path process) {
        String[] open = process.resolve("fd").toFile().list();
        long used = open == null ? 0 : open.length;
        return Math.max(1, descriptors - used - Math.max(LEAST_SPARED, descriptors / SPARED_SHARE));
    }

    private static long mostDescriptors(Path process) {
        try {
            for (String line : Files.readAllLines(process.resolve("limits"))) {
                if (line.startsWith(OPEN_FILES)) {
                    String soft = List.of(
                                    line.substring(OPEN_FILES.length()).trim().split("\\s+", -1))
                            .get(0);
                    return soft.equals("unlimited") ? UNKNOWN : Long.parseLong(soft);
                }
            }
            return UNKNOWN;
        } catch (IOException | NumberFormatException notLinux) {
            return UNKNOWN;
        }
    }
}
