package io.peal.examples.notify;

import io.peal.bus.Bus;
import io.peal.bus.file.FileBus;
import io.peal.fanout.DrainReport;
import io.peal.fanout.Fanout;
import io.peal.fanout.Limits;
import java.io.IOException;
import java.time.Duration;

/** One replica: a bus, a fanout on it, a server, and the beat by which the others know it. */
final class Replica {

    private static final Limits LIMITS =
            Limits.defaults().inboundRate(0, 1); // clients of this service publish as much as they like
    private static final Duration DRAIN_WINDOW = Duration.ofSeconds(1);

    private final Bus bus;
    private final Fanout fanout;
    private final WebServer server;
    private final Heartbeat heartbeat;

    private Replica(Bus bus, Fanout fanout, WebServer server, Heartbeat heartbeat) {
        this.bus = bus;
        this.fanout = fanout;
        this.server = server;
        this.heartbeat = heartbeat;
    }

    /** Starts it; it stops when the process is asked to end. */
    static void start(int number, Settings settings, boolean sharedPort) throws IOException {
        Bus bus = FileBus.at(settings.busDirectory())
                .replicaName("notify-" + number)
                .open();
        Fanout fanout = Fanout.on(bus).limits(LIMITS).build();
        Status status = new Status(number, settings.port, bus, fanout);
        Api api = new Api(number, bus, status, settings.demo);
        WebServer server;
        try {
            server = WebServer.start(settings, sharedPort, fanout, new Endpoints(number, settings.port, fanout), api);
        } catch (IOException | RuntimeException e) {
            fanout.close();
            bus.close();
            throw e;
        }
        if (settings.demo) {
            DeathWish.obey(bus, number);
        }
        Replica replica = new Replica(bus, fanout, server, Heartbeat.start(bus, status));
        Runtime.getRuntime().addShutdownHook(new Thread(replica::stop, "stop"));
    }

    /** New clients first, then those that are here, then the bus: each layer outlives what stands on it. */
    private void stop() {
        heartbeat.close();
        server.stopListening();
        DrainReport drained = fanout.drain(DRAIN_WINDOW);
        System.out.printf(
                "drained: %d of %d connections are closed%n",
                drained.connections() - drained.remaining(), drained.connections());
        fanout.close();
        server.close();
        bus.close();
    }
}
