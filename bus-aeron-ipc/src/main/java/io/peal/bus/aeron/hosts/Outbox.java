package io.peal.bus.aeron.hosts;

import io.aeron.Publication;
import io.aeron.logbuffer.BufferClaim;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Subscriber;
import java.nio.ByteBuffer;
import java.util.function.IntPredicate;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What is on its way to one peer: a few messages that were read from this host's bus and have not been taken by the
 * publication yet. Belongs to the bridge's thread.
 */
final class Outbox implements Subscriber {

    private static final int CAPACITY = 16; // so many of the longest may be in memory at once
    private static final int FIRST_LENGTH = 64 * 1024;
    private static final int KEPT_LENGTH = 1 << 20;

    private final byte[] endpoint; // of this host
    private final IntPredicate isBridge; // which replicas of this host's bus publish what comes from others
    private final BufferClaim claim = new BufferClaim();
    private final int[] types = new int[CAPACITY + 1];
    private final long[] positions = new long[CAPACITY + 1];
    private final long[] topicHashes = new long[CAPACITY + 1];
    private final int[] topicLengths = new int[CAPACITY + 1];
    private final int[] kinds = new int[CAPACITY + 1];
    private final int[] ends = new int[CAPACITY + 1]; // in the bytes
    private ByteBuffer bytes = ByteBuffer.allocate(FIRST_LENGTH);
    private UnsafeBuffer view = new UnsafeBuffer(bytes);
    private int size;
    private int first; // the entry that is being sent
    private int sentOfFirst; // bytes of it
    private long request;
    private long epoch;
    private long behind; // what the peer has when it has taken all that was sent
    private long sentMessages;

    Outbox(byte[] endpoint, IntPredicate isBridge) {
        this.endpoint = endpoint;
        this.isBridge = isBridge;
    }

    /** Begins anew: for another request. */
    void begin(long request, long epoch, long position, boolean complete) {
        this.request = request;
        this.epoch = epoch;
        this.behind = position;
        clear();
        kinds[0] = complete ? 0 : 1;
        add(BridgeFrame.BEGUN, position, 0);
    }

    boolean isEmpty() {
        return first == size;
    }

    /** How many positions may be read into it. */
    int capacity() {
        return CAPACITY;
    }

    /** What the peer has when it has taken all that was sent. */
    long behind() {
        return behind;
    }

    long sentMessages() {
        return sentMessages;
    }

    @Override
    public void onMessage(Message message) {
        if (isBridge.test(message.replica())) {
            return;
        }
        int topicLength = message.topic().utf8Length();
        int begin = endOf(size - 1);
        int end = begin + topicLength + message.payloadLength();
        ensureRoom(begin, end);
        message.topic().copyUtf8To(bytes, begin);
        ByteBuffer payload = message.payload();
        bytes.put(begin + topicLength, payload, payload.position(), payload.remaining());
        topicHashes[size] = message.topic().hash();
        topicLengths[size] = topicLength;
        kinds[size] = message.kind() == PayloadKind.TEXT ? 1 : 0;
        add(BridgeFrame.MESSAGE, message.position(), end);
    }

    @Override
    public void onGap(Gap gap) {
        add(BridgeFrame.LOST, gap.last(), endOf(size - 1));
    }

    /** So that the peer knows that nothing up to here is for it. */
    void passed(long position) {
        if (position > behind && isEmpty()) {
            clear();
            add(BridgeFrame.PASSED, position, 0);
        }
    }

    /** Gives the publication what it takes now; returns how many frames that was. */
    int flush(Publication publication) {
        int frames = 0;
        while (first < size) {
            if (!sendFrame(publication)) {
                return frames;
            }
            frames++;
        }
        clear();
        return frames;
    }

    /** Sends the next frame; false if the publication does not take it now. */
    private boolean sendFrame(Publication publication) {
        if (types[first] == BridgeFrame.MESSAGE) {
            return sendPiece(publication);
        }
        boolean begun = types[first] == BridgeFrame.BEGUN;
        int length = begun ? endpoint.length : 0;
        if (publication.tryClaim(BridgeFrame.HEADER_LENGTH + length, claim) < 0) {
            return false;
        }
        put(length);
        if (begun) {
            BridgeFrame.putEndpoint(claim.buffer(), claim.offset(), kinds[first], endpoint);
        }
        claim.commit();
        next();
        return true;
    }

    private boolean sendPiece(Publication publication) {
        int begin = endOf(first - 1);
        int length = ends[first] - begin;
        int piece = Math.min(length - sentOfFirst, publication.maxPayloadLength() - BridgeFrame.PIECE_AT);
        if (publication.tryClaim(BridgeFrame.PIECE_AT + piece, claim) < 0) {
            return false;
        }
        put(length);
        int at = claim.offset();
        BridgeFrame.putPiece(claim.buffer(), at, kinds[first], topicHashes[first], topicLengths[first], sentOfFirst);
        claim.buffer().putBytes(at + BridgeFrame.PIECE_AT, view, begin + sentOfFirst, piece);
        claim.commit();
        sentOfFirst += piece;
        if (sentOfFirst == length) {
            sentMessages++;
            next();
        }
        return true;
    }

    private void put(int length) {
        BridgeFrame.put(claim.buffer(), claim.offset(), types[first], length, request, epoch, behind, positions[first]);
    }

    private void next() {
        behind = positions[first];
        first++;
        sentOfFirst = 0;
    }

    private void add(int type, long position, int end) {
        types[size] = type;
        positions[size] = position;
        ends[size] = end;
        size++;
    }

    private void clear() {
        size = 0;
        first = 0;
        sentOfFirst = 0;
        if (bytes.capacity() > KEPT_LENGTH) { // a few long messages must not pin their memory for ever
            bytes = ByteBuffer.allocate(FIRST_LENGTH);
            view = new UnsafeBuffer(bytes);
        }
    }

    private int endOf(int index) {
        return index < 0 ? 0 : ends[index];
    }

    private void ensureRoom(int begin, int end) {
        if (end > bytes.capacity()) {
            bytes = ByteBuffer.allocate(Math.max(end, bytes.capacity() * 2)).put(0, bytes, 0, begin);
            view = new UnsafeBuffer(bytes);
        }
    }
}
