package io.peal.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Publishes through HTTP at a fixed rate, on a schedule that does not wait for slow answers. The messages are dealt out to
 * several lanes, each a thread with a connection of its own, so that a replica that answers late delays its own lane and
 * not the rate; a lane changes its connection every few messages, so that all replicas get some. Runs on its own threads.
 */
final class PacedPublisher implements Runnable {

    private static final int LANES = 8;
    private static final int MESSAGES_PER_CONNECTION = 10;

    private final InetSocketAddress address;
    private final Ledger ledger;
    private final int rate;
    private final long count;
    private final AtomicInteger failures = new AtomicInteger();

    PacedPublisher(InetSocketAddress address, Ledger ledger, int rate, int seconds) {
        this.address = address;
        this.ledger = ledger;
        this.rate = rate;
        this.count = (long) rate * seconds;
    }

    @Override
    public void run() {
        long start = System.nanoTime();
        List<Thread> lanes = new ArrayList<>();
        for (int i = 0; i < LANES; i++) {
            Thread lane = new Thread(new Lane(start, i), "publisher-" + i);
            lane.start();
            lanes.add(lane);
        }
        try {
            for (Thread lane : lanes) {
                lane.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** How many answers were neither an acknowledgement nor a connection that broke. */
    int failures() {
        return failures.get();
    }

    private final class Lane implements Runnable {

        private final long start;
        private final int first;
        private @Nullable HttpConnection connection;
        private int sentOnConnection;

        Lane(long start, int first) {
            this.start = start;
            this.first = first;
        }

        @Override
        public void run() {
            for (long i = first; i < count; i += LANES) {
                long due = start + i * TimeUnit.SECONDS.toNanos(1) / rate;
                for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
                publish(due);
            }
            disconnect();
        }

        /** The time in the message is the one at which it was due, so that a delay before it is sent counts, too. */
        private void publish(long dueNs) {
            int id = ledger.publishing();
            try {
                HttpConnection.Response response =
                        connect().request("POST", "/api/v1/notify", "{\"id\":" + id + ",\"t\":" + dueNs + "}");
                long position = Numbers.field(response.body(), "position");
                if (response.status() == 200 && position > 0) {
                    ledger.acknowledged(id, position);
                } else {
                    failures.incrementAndGet();
                    disconnect();
                }
                if (response.last()) {
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
}
