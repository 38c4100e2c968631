package io.peal.bus.aeron.hosts;

import java.util.List;

/**
 * What the bridge of a replica has done.
 *
 * @param active whether this replica's bridge is the one of its host; the others stand by, and their figures stand still
 * @param peers one for each other host, in the order they were named
 */
public record HostBridgeStatus(boolean active, List<Peer> peers) {

    /** Peers are copied. */
    public HostBridgeStatus {
        peers = List.copyOf(peers);
    }

    /**
     * What was exchanged with one other host since this bridge is the active one.
     *
     * @param endpoint the other host's
     * @param connected whether it was heard within the last seconds, and sends what this host has not got yet
     * @param sent messages of this host that were sent there
     * @param received messages of that host that were published here
     * @param losses how often messages of that host were lost to this one, because they were no longer kept there
     */
    public record Peer(String endpoint, boolean connected, long sent, long received, long losses) {}
}
