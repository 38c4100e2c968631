package io.peal.fanout;

import io.peal.bus.ErrorHandler;
import io.peal.bus.Gap;
import io.peal.bus.Topic;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the outside what a fanout does: its listener, flight recordings, and the log of the process. Thread-safe. */
final class Signals {

    private static final Logger LOGGER = LoggerFactory.getLogger(Fanout.class);
    private static final long LINE_INTERVAL_NS = 1_000_000_000L;

    private final FanoutListener listener;
    private final ErrorHandler errorHandler;
    private final Lines slowLines = new Lines();
    private final Lines stallLines = new Lines();
    private final Lines refusalLines = new Lines();

    Signals(FanoutListener listener, ErrorHandler errorHandler) {
        this.listener = listener;
        this.errorHandler = errorHandler;
    }

    void opened(Connection connection) {
        tell(to -> to.connectionOpened(connection));
    }

    void closed(Connection connection, int code, String reason) {
        tell(to -> to.connectionClosed(connection, code, reason));
    }

    void refused(int status, String reason) {
        if (status >= 500 && refusalLines.isTime()) {
            LOGGER.atWarn()
                    .addKeyValue("status", status)
                    .addKeyValue("more", refusalLines.leftOut())
                    .log("refused an upgrade: {}", reason.strip());
        }
        tell(to -> to.upgradeRefused(status, reason));
    }

    /** Called often, so without anything that would have to be collected. */
    void turnEnded(int messages, long deliveries, long bytes, long delayUs) {
        try {
            listener.turnEnded(messages, deliveries, bytes, delayUs);
        } catch (RuntimeException | Error e) {
            errorHandler.onError(e);
        }
    }

    void fellBehind(Connection connection) {
        slow(connection, "behind");
        tell(to -> to.fellBehind(connection));
    }

    void caughtUp(Connection connection) {
        slow(connection, "level");
        tell(to -> to.caughtUp(connection));
    }

    void dropped(Connection connection, Topic topic, Gap gap) {
        if (FanoutEvents.areRecorded()) {
            FanoutEvents.Missing event = new FanoutEvents.Missing();
            event.connection = connection.id();
            event.topic = topic.name();
            event.first = gap.first();
            event.last = gap.last();
            event.commit();
        }
        tell(to -> to.dropped(connection, topic, gap));
    }

    void closedAsSlow(Connection connection, String why) {
        slow(connection, why);
        if (slowLines.isTime()) {
            LOGGER.atWarn()
                    .addKeyValue("connection", connection.id())
                    .addKeyValue("more", slowLines.leftOut())
                    .log("closed a slow connection: {}", why);
        }
        tell(to -> to.closedAsSlow(connection, why));
    }

    void stalled(long milliseconds) {
        if (FanoutEvents.areRecorded()) {
            FanoutEvents.Stall event = new FanoutEvents.Stall();
            event.waited = milliseconds;
            event.commit();
        }
        if (stallLines.isTime()) {
            LOGGER.atWarn()
                    .addKeyValue("waitedMs", milliseconds)
                    .addKeyValue("more", stallLines.leftOut())
                    .log("an event loop was blocked: its connections got nothing meanwhile; look for what blocks it");
        }
        tell(to -> to.stalled(milliseconds));
    }

    void busLost(String why) {
        LOGGER.atWarn().log("clients are sent away and refused, because the bus is lost: {}", why);
        tell(to -> to.busLost(why));
    }

    void drained(DrainReport report) {
        LOGGER.atInfo()
                .addKeyValue("connections", report.connections())
                .addKeyValue("remaining", report.remaining())
                .log("drained");
        tell(to -> to.drained(report));
    }

    private static void slow(Connection connection, String what) {
        if (FanoutEvents.areRecorded()) {
            FanoutEvents.SlowConsumer event = new FanoutEvents.SlowConsumer();
            event.connection = connection.id();
            event.what = what;
            event.commit();
        }
    }

    private void tell(Consumer<FanoutListener> what) {
        try {
            what.accept(listener);
        } catch (RuntimeException | Error e) {
            errorHandler.onError(e);
        }
    }

    /** Lines of one kind, of which there is at most one in a second. */
    private static final class Lines {

        private final AtomicLong nextNs = new AtomicLong(System.nanoTime());
        private final AtomicLong leftOut = new AtomicLong();

        boolean isTime() {
            long nowNs = System.nanoTime();
            long next = nextNs.get();
            boolean now = nowNs - next >= 0 && nextNs.compareAndSet(next, nowNs + LINE_INTERVAL_NS);
            if (!now) {
                leftOut.incrementAndGet();
            }
            return now;
        }

        /** How many were left out since the last one. */
        long leftOut() {
            return leftOut.getAndSet(0);
        }
    }
}
