package io.peal.examples.notify;

import io.peal.bus.Bus;
import io.peal.bus.BusException;
import io.peal.bus.Topic;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Publishes this replica's status every second: the replicas know each other through the log they share anyway. */
final class Heartbeat implements AutoCloseable {

    static final Topic TOPIC = Topic.of("_replicas");

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "heartbeat");
        thread.setDaemon(true);
        return thread;
    });

    private Heartbeat(Bus bus, Status status) {
        timer.scheduleAtFixedRate(() -> beat(bus, status), 0, 1, TimeUnit.SECONDS);
    }

    static Heartbeat start(Bus bus, Status status) {
        return new Heartbeat(bus, status);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    private static void beat(Bus bus, Status status) {
        try {
            bus.publisher().publish(TOPIC, Json.write(status.now()));
        } catch (BusException full) {
            System.err.println("no heartbeat: " + full.getMessage());
        }
    }
}
