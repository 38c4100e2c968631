package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import java.util.List;
import java.util.function.Consumer;

/**
 * A log in its directory, with all that keeps it: this process's place among the participants, the background thread, the
 * janitor. Thread-safe.
 *
 * <p>It is left in two steps, because what stands between them still needs its place: {@link #stop}, then {@link #close}.
 */
final class LogHome implements AutoCloseable {

    static final long TICK_MS = 1_000;

    private final BusDirectory directory;
    private final Control control;
    private final Membership membership;
    private final Maintenance maintenance;
    private final Janitor janitor;
    private final OrderLog log;

    /** Joins the log in a directory. */
    LogHome(BusDirectory directory, Control control, String replicaName, ErrorHandler errorHandler) {
        this.directory = directory;
        this.control = control;
        this.membership = Membership.join(directory, control, replicaName);
        this.maintenance = new Maintenance(threads() + "-maintenance", errorHandler);
        try {
            this.janitor = new Janitor(directory, control, membership);
            this.log = new OrderLog(directory, control, membership, maintenance, janitor);
        } catch (RuntimeException | Error e) {
            maintenance.close();
            membership.close();
            throw e;
        }
        janitor.keep(log);
    }

    BusDirectory directory() {
        return directory;
    }

    Control control() {
        return control;
    }

    Membership membership() {
        return membership;
    }

    Maintenance maintenance() {
        return maintenance;
    }

    Janitor janitor() {
        return janitor;
    }

    OrderLog log() {
        return log;
    }

    /** What the names of threads begin with. */
    String threads() {
        return "peal-" + membership.writerId();
    }

    /** Does the work of each second, or tells {@code lost} each time why there is none any more. */
    void keep(Consumer<BusException> lost) {
        maintenance.repeat(
                () -> {
                    log.adjustClock();
                    BusException reason = membership.whyCutOff();
                    if (reason == null) {
                        janitor.tick(System.currentTimeMillis());
                    } else {
                        lost.accept(reason);
                    }
                },
                TICK_MS);
    }

    /** Ends the background thread and the writing. */
    void stop() {
        maintenance.close();
        log.close();
    }

    /** Leaves at once, because the bus that wanted the log cannot be: what fails on the way out is added to the reason. */
    void abandon(Throwable reason) {
        for (Runnable step : List.<Runnable>of(this::stop, this::close)) {
            try {
                step.run();
            } catch (RuntimeException e) {
                reason.addSuppressed(e);
            }
        }
    }

    /** Gives up the place. */
    @Override
    public void close() {
        janitor.close();
        membership.close();
    }
}
