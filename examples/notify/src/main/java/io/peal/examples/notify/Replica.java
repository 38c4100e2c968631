package io.peal.examples.notify;

import io.peal.bus.Bus;
import io.peal.fanout.DrainReport;
import io.peal.fanout.Fanout;
import io.peal.fanout.FanoutListener;
import io.peal.fanout.Limits;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** One replica: a bus, a fanout on it, a server, and the beat by which the others know it. */
final class Replica {

    private static final Limits LIMITS =
            Limits.defaults().inboundRate(0, 1); // clients of this service publish as much as they like
    private static final Duration DRAIN_WINDOW = Duration.ofSeconds(1);
    private static final Duration LAST_REQUESTS = Duration.ofMillis(200);

    private final Bus bus;
    private final Fanout fanout;
    private final WebServer server;
    private final Heartbeat heartbeat;
    private final boolean sharedPort;

    private Replica(Bus bus, Fanout fanout, WebServer server, Heartbeat heartbeat, boolean sharedPort) {
        this.bus = bus;
        this.fanout = fanout;
        this.server = server;
        this.heartbeat = heartbeat;
        this.sharedPort = sharedPort;
    }

    /** Starts it; it stops when the process is asked to end. */
    static void start(int number, Settings settings, boolean sharedPort) throws IOException {
        Bus bus = settings.openBus(number);
        Fanout fanout =
                Fanout.on(bus).limits(LIMITS).listener(new EndWithTheBus()).build();
        Status status = new Status(number, settings.port, bus, fanout);
        Api api = new Api(number, bus, status, sharedPort, settings.demo);
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
        Replica replica = new Replica(bus, fanout, server, Heartbeat.start(bus, status), sharedPort);
        Runtime.getRuntime().addShutdownHook(new Thread(replica::stop, "stop"));
    }

    /** Without its bus a replica is of no use to anybody; whoever started it starts it anew. */
    private static final class EndWithTheBus implements FanoutListener {

        @Override
        public void busLost(String why) {
            System.err.println("the bus is lost, this replica ends: " + why);
            new Thread(() -> System.exit(1), "end").start(); // its hook waits for threads, of which this may be one
        }
    }

    /**
     * New clients first, then those that are here, then the bus: each layer outlives what stands on it. On a port of its own,
     * a proxy has to learn first that this replica is going: from the 503 that everything is answered meanwhile. So it sends
     * nothing more when the port is closed, which would reset what has just come.
     */
    private void stop() {
        heartbeat.close();
        if (sharedPort) {
            server.stopListening();
        }
        DrainReport drained = fanout.drain(DRAIN_WINDOW);
        System.out.printf(
                "drained: %d of %d connections are closed%n",
                drained.connections() - drained.remaining(), drained.connections());
        if (!sharedPort) {
            server.stopListening();
        }
        LockSupport.parkNanos(LAST_REQUESTS.toNanos()); // requests that came before are still answered
        fanout.close();
        server.close();
        bus.close();
    }
}
