package io.peal.bus.aeron.hosts;

import io.aeron.Aeron;
import io.aeron.Subscription;
import io.aeron.logbuffer.BufferClaim;
import io.aeron.logbuffer.ControlledFragmentHandler;
import io.aeron.logbuffer.Header;
import io.peal.bus.Bus;
import io.peal.bus.BusException;
import io.peal.bus.ErrorHandler;
import io.peal.bus.Position;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;
import org.agrona.collections.Int2ObjectHashMap;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bridge of a host while it is the active one: all its peers, and the loop that serves them. Belongs to the bridge's
 * thread, but for what says otherwise.
 */
final class BridgeSession implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(BridgeSession.class);
    private static final long HELLO_NS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final int FRAMES_AT_ONCE = 256;
    private static final int STRANGERS_TOLD = 16;

    /** One other host: what is sent to it, and what comes from it. */
    private record Peer(Outgoing outgoing, Incoming incoming) {

        HostBridgeStatus.Peer status() {
            return new HostBridgeStatus.Peer(
                    incoming.peer(),
                    incoming.isConnected(),
                    outgoing.sentMessages(),
                    incoming.received(),
                    incoming.losses());
        }
    }

    private final byte[] endpoint;
    private final Subscription subscription;
    private final List<Peer> peers = new ArrayList<>();
    private final Int2ObjectHashMap<Peer> bySession = new Int2ObjectHashMap<>();
    private final List<String> strangers = new ArrayList<>();
    private final int[] bridges; // replicas of this host's bus, sorted
    private final ControlledFragmentHandler toPeer = this::onFrame;
    private final BufferClaim claim = new BufferClaim();
    private final IdleStrategy idle = new BackoffIdleStrategy(20, 50, 1_000, TimeUnit.MILLISECONDS.toNanos(1));
    private @Nullable Throwable failure; // after which the bridge begins anew
    private long nowNs = System.nanoTime();
    private long helloNs = nowNs - HELLO_NS;

    BridgeSession(
            Bus bus, BridgeState state, Aeron aeron, String endpoint, List<String> others, ErrorHandler errorHandler) {
        this.endpoint = endpoint.getBytes(StandardCharsets.UTF_8);
        LocalPublisher local = new LocalPublisher(bus, state);
        this.bridges = state.replicas();
        this.subscription = aeron.addSubscription(HostBridge.channel(endpoint), HostBridge.STREAM_ID);
        for (String other : others) {
            Outgoing outgoing = new Outgoing(
                    bus,
                    this.endpoint,
                    other,
                    aeron.addPublication(HostBridge.channel(other), HostBridge.STREAM_ID),
                    replica -> Arrays.binarySearch(bridges, replica) >= 0);
            peers.add(new Peer(outgoing, new Incoming(other, state, local, errorHandler, nowNs)));
        }
    }

    /** One turn of the loop; sleeps a little if there was nothing to do. What it throws is the end of this session. */
    void work() {
        nowNs = System.nanoTime();
        boolean helloIsDue = nowNs - helloNs >= HELLO_NS;
        if (helloIsDue) {
            helloNs = nowNs;
        }
        int done = subscription.controlledPoll(toPeer, FRAMES_AT_ONCE);
        Throwable failed = failure;
        if (failed != null) {
            throw new BusException("what has come could not be published: " + failed.getMessage(), failed);
        }
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            if (peer.incoming().tick(nowNs) || helloIsDue) {
                hello(peer);
            }
            if (peer.outgoing().work(nowNs)) {
                done++;
            }
        }
        idle.idle(done);
    }

    List<HostBridgeStatus.Peer> status() {
        return peers.stream().map(Peer::status).toList();
    }

    @Override
    public void close() {
        peers.forEach(peer -> peer.outgoing().close());
        subscription.close();
    }

    private void hello(Peer peer) {
        Position published = peer.incoming().published();
        long epoch = published == null ? 0 : published.epoch();
        long wanted = published == null ? BridgeFrame.LATEST : published.value();
        int length = BridgeFrame.HEADER_LENGTH + endpoint.length;
        if (peer.outgoing().publication().tryClaim(length, claim) > 0) {
            int at = claim.offset();
            BridgeFrame.put(
                    claim.buffer(),
                    at,
                    BridgeFrame.HELLO,
                    endpoint.length,
                    peer.incoming().request(),
                    epoch,
                    wanted,
                    0);
            BridgeFrame.putEndpoint(claim.buffer(), at, 0, endpoint);
            claim.commit();
        }
    }

    private ControlledFragmentHandler.Action onFrame(DirectBuffer buffer, int at, int length, Header header) {
        if (!BridgeFrame.isFrame(buffer, at, length)) {
            return ControlledFragmentHandler.Action.CONTINUE;
        }
        if (BridgeFrame.hasEndpoint(buffer, at)) {
            identify(buffer, at, length, header.sessionId());
        }
        Peer peer = bySession.get(header.sessionId());
        if (peer == null) {
            return ControlledFragmentHandler.Action.CONTINUE; // who that is will be said soon
        }
        peer.incoming().hear(nowNs);
        if (BridgeFrame.type(buffer, at) == BridgeFrame.HELLO) {
            long wanted = BridgeFrame.behind(buffer, at);
            peer.outgoing().want(BridgeFrame.request(buffer, at), BridgeFrame.epoch(buffer, at), wanted, nowNs);
            return ControlledFragmentHandler.Action.CONTINUE;
        }
        try {
            return peer.incoming().onFrame(buffer, at, length, nowNs);
        } catch (Throwable e) { // Aeron would pass over the frame
            failure = e;
            return ControlledFragmentHandler.Action.ABORT;
        }
    }

    private void identify(DirectBuffer buffer, int at, int length, int sessionId) {
        int nameLength = BridgeFrame.length(buffer, at);
        if (nameLength < 1
                || nameLength > Math.min(length - BridgeFrame.HEADER_LENGTH, BridgeState.MAX_ENDPOINT_LENGTH)) {
            return;
        }
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            if (isNamed(peer.incoming().peer(), buffer, at + BridgeFrame.HEADER_LENGTH, nameLength)) {
                bySession.put(sessionId, peer);
                return;
            }
        }
        byte[] name = new byte[nameLength];
        buffer.getBytes(at + BridgeFrame.HEADER_LENGTH, name);
        String stranger = new String(name, StandardCharsets.US_ASCII).replaceAll("[^\\x21-\\x7e]", "?");
        if (strangers.size() < STRANGERS_TOLD && !strangers.contains(stranger)) {
            strangers.add(stranger);
            LOGGER.warn(
                    "the bridge at {} calls, and is not one of the peers: name it there, spelled like that", stranger);
        }
    }

    private static boolean isNamed(String name, DirectBuffer buffer, int at, int length) {
        if (name.length() != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (buffer.getByte(at + i) != name.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
