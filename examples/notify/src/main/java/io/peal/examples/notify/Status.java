package io.peal.examples.notify;

import io.peal.bus.Bus;
import io.peal.fanout.Fanout;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a replica says of itself, at {@code /health_check} and in its heartbeat. */
final class Status {

    private final int replica;
    private final int port;
    private final Bus bus;
    private final Fanout fanout;

    Status(int replica, int port, Bus bus, Fanout fanout) {
        this.replica = replica;
        this.port = port;
        this.bus = bus;
        this.fanout = fanout;
    }

    /** Whether this replica is going: then a connection should bring no more requests than the one that is answered. */
    boolean isStopping() {
        return !fanout.isAccepting();
    }

    Map<String, Object> now() {
        Runtime runtime = Runtime.getRuntime();
        Map<String, Object> now = new LinkedHashMap<>();
        now.put("replica", replica);
        now.put("pid", ProcessHandle.current().pid());
        now.put("port", port);
        now.put("uptimeMs", ManagementFactory.getRuntimeMXBean().getUptime());
        now.put("memoryBytes", runtime.totalMemory() - runtime.freeMemory());
        now.put("connections", fanout.connections());
        now.put("position", bus.position().value());
        now.put("lag", fanout.lag());
        now.put("state", isStopping() ? "stopping" : "serving");
        return now;
    }
}
