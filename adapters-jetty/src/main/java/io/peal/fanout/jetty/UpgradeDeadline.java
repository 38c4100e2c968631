package io.peal.fanout.jetty;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.util.thread.Scheduler;
import org.eclipse.jetty.websocket.core.WebSocketConnection;

/**
 * Closes a TCP connection whose client has not finished its first request in time, counted from when it was accepted: Jetty
 * itself waits for as long as a byte comes now and then. Once there is a request, the connection is that of whoever answers
 * it. Behind TLS the time runs for the connection inside. Thread-safe.
 */
final class UpgradeDeadline implements Connection.Listener {

    private final Scheduler scheduler;
    private final Duration deadline;

    UpgradeDeadline(Scheduler scheduler, Duration deadline) {
        this.scheduler = scheduler;
        this.deadline = deadline;
    }

    @Override
    public void onOpened(Connection connection) {
        if (!(connection instanceof WebSocketConnection || connection instanceof SslConnection)) {
            EndPoint endPoint = connection.getEndPoint();
            scheduler.schedule(() -> look(connection, endPoint), deadline.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private static void look(Connection connection, EndPoint endPoint) {
        if (endPoint.getConnection() == connection && connection.getMessagesIn() <= 0) { // below 0: it has no requests
            endPoint.close();
        }
    }
}
