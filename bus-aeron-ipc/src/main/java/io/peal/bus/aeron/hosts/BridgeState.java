package io.peal.bus.aeron.hosts;

import io.peal.bus.BusException;
import io.peal.bus.Position;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What the bridge of a host must not forget when its process is killed, in a mapped file: which replica numbers on this host's
 * bus were bridges, and how far the bus of each peer was published here. Belongs to the thread of the bridge that holds
 * the lock.
 *
 * <p>Invariants, whatever the instruction it is killed at:
 *
 * <ul>
 *   <li>S1 a message of another host is published here only by a replica whose number was added before
 *   <li>S2 before a message is published here, the file says that it is about to be, and behind which position of this
 *       host's bus it will stand; the peer's position is raised afterwards, and only then is the intention taken back. So
 *       the next bridge finds an intention whose message is or is not on the bus, and can look which
 *   <li>S3 epoch and position of a peer are changed together: the copy that does not count is written first
 * </ul>
 */
final class BridgeState implements AutoCloseable {

    static final int MAX_PEERS = 64;
    static final int MAX_ENDPOINT_LENGTH = 160;

    private static final long MAGIC = 0x31_45_47_44_52_42_50_4cL;
    private static final int LOCAL_EPOCH_AT = 8;
    private static final int INTENT_PEER_AT = 16; // a peer's index + 1; 0: none
    private static final int INTENT_REPLICA_AT = 20;
    private static final int INTENT_POSITION_AT = 24;
    private static final int INTENT_BEHIND_AT = 32;
    private static final int REPLICA_COUNT_AT = 40;
    private static final int REPLICAS_AT = 64;
    private static final int MAX_REPLICAS = 4_096;
    private static final int PEERS_AT = REPLICAS_AT + MAX_REPLICAS * Integer.BYTES;
    private static final int PEER_LENGTH = 256;
    private static final int NAME_AT = 4;
    private static final int WHICH_AT = 168; // 0: nothing is known, 1 or 2: this copy counts
    private static final int COPIES_AT = 176;
    private static final int COPY_LENGTH = 16;
    private static final int LENGTH = PEERS_AT + MAX_PEERS * PEER_LENGTH;

    private final MappedByteBuffer mapped;
    private final UnsafeBuffer memory;

    private BridgeState(MappedByteBuffer mapped) {
        this.mapped = mapped;
        this.memory = new UnsafeBuffer(mapped);
    }

    /** Opens the file, or makes it. */
    static BridgeState open(Path file) {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            BridgeState state = new BridgeState(channel.map(FileChannel.MapMode.READ_WRITE, 0, LENGTH));
            if (state.memory.getLongVolatile(0) != MAGIC) {
                state.memory.setMemory(0, LENGTH, (byte) 0);
                state.memory.putLongVolatile(0, MAGIC);
            }
            return state;
        } catch (IOException e) {
            throw new BusException("cannot keep the state of the bridge in " + file, e);
        }
    }

    /** The epoch of this host's bus that everything else refers to. */
    long localEpoch() {
        return memory.getLongVolatile(LOCAL_EPOCH_AT);
    }

    void localEpoch(long epoch) {
        memory.putLongVolatile(LOCAL_EPOCH_AT, epoch);
    }

    // Which replicas of this host's bus are, or were, bridges.

    void addReplica(int number) {
        int count = replicaCount();
        if (count == MAX_REPLICAS) { // what the older half has published is gone for long
            count = MAX_REPLICAS / 2;
            for (int i = 0; i < count; i++) {
                memory.putInt(REPLICAS_AT + i * Integer.BYTES, memory.getInt(replicaAt(count + i)));
            }
        }
        memory.putInt(replicaAt(count), number);
        memory.putIntVolatile(REPLICA_COUNT_AT, count + 1);
    }

    /** Sorted. */
    int[] replicas() {
        int[] numbers = new int[replicaCount()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = memory.getInt(replicaAt(i));
        }
        Arrays.sort(numbers);
        return numbers;
    }

    private int replicaCount() {
        return Math.min(MAX_REPLICAS, Math.max(0, memory.getIntVolatile(REPLICA_COUNT_AT)));
    }

    private static int replicaAt(int index) {
        return REPLICAS_AT + index * Integer.BYTES;
    }

    // How far each peer is published here.

    /** The index of a peer, by what it is called. */
    int peer(String endpoint) {
        byte[] name = endpoint.getBytes(StandardCharsets.UTF_8);
        if (name.length > MAX_ENDPOINT_LENGTH) {
            throw new IllegalArgumentException(
                    "an endpoint has at most " + MAX_ENDPOINT_LENGTH + " bytes: " + endpoint);
        }
        for (int i = 0; i < MAX_PEERS; i++) {
            int at = peerAt(i);
            int length = memory.getIntVolatile(at);
            if (length == 0) {
                memory.putBytes(at + NAME_AT, name);
                memory.putIntVolatile(at, name.length);
                return i;
            }
            if (length == name.length && isName(name, at + NAME_AT)) {
                return i;
            }
        }
        throw new BusException("the bridge has had " + MAX_PEERS + " peers, and has no room for " + endpoint
                + ": stop all replicas of this host and remove its directory");
    }

    private boolean isName(byte[] name, int at) {
        for (int i = 0; i < name.length; i++) {
            if (memory.getByte(at + i) != name[i]) {
                return false;
            }
        }
        return true;
    }

    /** What of the peer's bus is published here, null if nothing is known. */
    @Nullable
    Position published(int peer) {
        int which = memory.getIntVolatile(peerAt(peer) + WHICH_AT);
        if (which != 1 && which != 2) {
            return null;
        }
        int at = copyAt(peer, which);
        return new Position(memory.getLong(at), Math.max(0, memory.getLongVolatile(at + Long.BYTES)));
    }

    /** Everything of the peer's bus up to here is published here, or is given up. */
    void published(int peer, long epoch, long value) {
        int whichAt = peerAt(peer) + WHICH_AT;
        int which = memory.getIntVolatile(whichAt);
        if ((which == 1 || which == 2) && memory.getLong(copyAt(peer, which)) == epoch) {
            memory.putLongVolatile(copyAt(peer, which) + Long.BYTES, value);
            return;
        }
        int other = which == 1 ? 2 : 1;
        memory.putLong(copyAt(peer, other), epoch);
        memory.putLongVolatile(copyAt(peer, other) + Long.BYTES, value);
        memory.putIntVolatile(whichAt, other);
    }

    // What is about to be published.

    void intend(int peer, long position, int replica, long behind) {
        memory.putInt(INTENT_REPLICA_AT, replica);
        memory.putLong(INTENT_POSITION_AT, position);
        memory.putLong(INTENT_BEHIND_AT, behind);
        memory.putIntRelease(INTENT_PEER_AT, peer + 1);
    }

    void intendNothing() {
        memory.putIntRelease(INTENT_PEER_AT, 0);
    }

    /** The peer whose message was about to be published, -1 if there is none. */
    int intendedPeer() {
        int peer = memory.getIntVolatile(INTENT_PEER_AT) - 1;
        return peer < MAX_PEERS ? peer : -1;
    }

    long intendedPosition() {
        return memory.getLong(INTENT_POSITION_AT);
    }

    int intendedReplica() {
        return memory.getInt(INTENT_REPLICA_AT);
    }

    /** The position on this host's bus behind which it stands if it was published. */
    long intendedBehind() {
        return Math.max(0, memory.getLong(INTENT_BEHIND_AT));
    }

    @Override
    public void close() {
        IoUtil.unmap(mapped);
    }

    private static int peerAt(int peer) {
        return PEERS_AT + peer * PEER_LENGTH;
    }

    private static int copyAt(int peer, int which) {
        return peerAt(peer) + COPIES_AT + (which - 1) * COPY_LENGTH;
    }
}
