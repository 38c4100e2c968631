package io.peal.testkit;

import io.peal.bus.Bus;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A shared bus each of whose replicas is a JVM of its own: the same contract tests, over real processes. A replica's
 * {@link Bus} is a proxy; each thread that uses it has a thread of its own over there.
 */
public final class ReplicaJvms implements SharedBus {

    private final Class<? extends BusOpener> opener;
    private final List<String> args;
    private final List<ProcessBus> replicas = new CopyOnWriteArrayList<>();

    /** Replicas that are opened by {@code opener} with {@code args}. */
    public ReplicaJvms(Class<? extends BusOpener> opener, String... args) {
        this.opener = opener;
        this.args = List.of(args);
    }

    @Override
    public Bus newReplica() {
        ProcessBus replica = ProcessBus.start(opener, args);
        replicas.add(replica);
        return replica;
    }

    /** Kills every replica that was started. */
    @Override
    public void close() {
        replicas.forEach(ProcessBus::kill);
    }
}
