package io.peal.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Publishes through HTTP at a fixed rate, on a schedule that does not wait for slow answers, over connections that are
 * changed every few messages so that all replicas get some. Runs on its own thread.
 */
final class PacedPublisher implements Runnable {

    private static final int MESSAGES_PER_CONNECTION = 10;

    private final InetSocketAddress address;
    private final Ledger ledger;
    private final int rate;
    private final long count;
    private @Nullable HttpConnection connection;
    private int sentOnConnection;
    private int failures;

    PacedPublisher(InetSocketAddress address, Ledger ledger, int rate, int seconds) {
        this.address = address;
        this.ledger = ledger;
        this.rate = rate;
        this.count = (long) rate * seconds;
    }

    @Override
    public void run() {
        long start = System.nanoTime();
        for (long i = 0; i < count; i++) {
            long due = start + i * TimeUnit.SECONDS.toNanos(1) / rate;
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            publish(due);
        }
        disconnect();
    }

    /** How many answers were neither an acknowledgement nor a connection that broke. */
    int failures() {
        return failures;
    }

    /** The time in the message is the one at which it was due, so that a delay before it is sent counts, too. */
    private void publish(long dueNs) {
        int id = ledger.publishing(System.nanoTime());
        try {
            HttpConnection to = connect();
            HttpConnection.Response response =
                    to.request("POST", "/api/v1/notify", "{\"id\":" + id + ",\"t\":" + dueNs + "}");
            long position = Numbers.field(response.body(), "position");
            if (response.status() == 200 && position > 0) {
                ledger.acknowledged(id, position);
            } else {
                failures++;
                disconnect();
            }
        } catch (IOException e) { // the replica went away: nobody knows whether it was published
            disconnect();
        }
    }

    private HttpConnection connect() throws IOException {
        if (sentOnConnection++ >= MESSAGES_PER_CONNECTION) {
            disconnect();
        }
        HttpConnection current = connection;
        if (current == null) {
            current = new HttpConnection(address);
            connection = current;
            sentOnConnection = 1;
        }
        return current;
    }

    private void disconnect() {
        HttpConnection current = connection;
        connection = null;
        if (current != null) {
            try {
                current.close();
            } catch (IOException e) {
                throw new IllegalStateException("cannot close a socket", e);
            }
        }
    }
}
