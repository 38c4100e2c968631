package io.peal.bus.aeron.hosts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.peal.bus.Bus;
import io.peal.bus.BusException;
import io.peal.bus.BusFullException;
import io.peal.bus.Gap;
import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.Publisher;
import io.peal.bus.Reader;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.file.FileBus;
import io.peal.testkit.TestDirectory;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a bridge leaves behind that dies at each of the places between two messages, and what it makes of hostile frames. */
class LocalPublisherTest {

    private static final Topic NEWS = Topic.of("news");
    private static final String PEER = "10.0.0.2:40100";
    private static final long EPOCH = 77;

    private final TestDirectory scratch = new TestDirectory();
    private final FileBus service = FileBus.at(scratch.path().resolve("bus")).open();

    @AfterEach
    void close() {
        service.close();
        scratch.close();
    }

    @Test
    void whatWasIntendedAndIsNotOnTheBusIsPublishedByTheNext() {
        try (FileBus bus = open();
                BridgeState state = state()) {
            LocalPublisher local = new LocalPublisher(bus, state);
            publish(local, state, 41);
            state.intend(state.peer(PEER), 42, bus.replica(), bus.position().value());
        }
        service.publisher().publish(NEWS, "of another replica, meanwhile");
        assertThat(publishedAfterTakeover()).isEqualTo(new Position(EPOCH, 41));
    }

    @Test
    void whatWasIntendedAndIsOnTheBusIsNotPublishedAgain() {
        try (FileBus bus = open();
                BridgeState state = state()) {
            LocalPublisher local = new LocalPublisher(bus, state);
            publish(local, state, 41);
            state.intend(state.peer(PEER), 42, bus.replica(), bus.position().value());
            service.publisher().publish(NEWS, "of another replica, meanwhile");
            bus.publisher().publish(NEWS, "what was intended");
        }
        service.publisher().publish(NEWS, "of another replica, later");
        assertThat(publishedAfterTakeover()).isEqualTo(new Position(EPOCH, 42));
    }

    @Test
    void whatWasPublishedAlthoughTheBusCouldNotSaySoIsNotPublishedAgain() {
        try (FileBus bus = open();
                BridgeState state = state()) {
            Publisher unsure = (topic, payload, kind) -> {
                bus.publisher().publish(topic, payload, kind);
                throw new BusException("it is not known whether the message was published");
            };
            LocalPublisher local = new LocalPublisher(busWith("publisher", bus, unsure), state);
            state.published(state.peer(PEER), EPOCH, 41);
            assertThatExceptionOfType(BusException.class).isThrownBy(() -> publish(local, state, 42));
        }
        assertThat(publishedAfterTakeover()).isEqualTo(new Position(EPOCH, 42));
    }

    @Test
    void whatTheBusRefusedIsNotLookedFor() {
        try (FileBus bus = open();
                BridgeState state = state()) {
            Publisher full = (topic, payload, kind) -> {
                throw new BusFullException("no room");
            };
            LocalPublisher local = new LocalPublisher(busWith("publisher", bus, full), state);
            state.published(state.peer(PEER), EPOCH, 41);
            assertThatExceptionOfType(BusFullException.class).isThrownBy(() -> publish(local, state, 42));
            assertThat(state.intendedPeer()).isEqualTo(-1);
        }
        assertThat(publishedAfterTakeover()).isEqualTo(new Position(EPOCH, 41));
    }

    @Test
    void whatMayHaveBeenInAGapIsTakenForPublished() {
        try (FileBus bus = open();
                BridgeState state = state()) {
            LocalPublisher local = new LocalPublisher(bus, state);
            publish(local, state, 41);
            state.intend(state.peer(PEER), 42, bus.replica(), bus.position().value());
        }
        service.publisher().publish(NEWS, "of another replica");
        try (FileBus next = open();
                BridgeState state = state()) {
            new LocalPublisher(
                    busWith("newReader", next, new Overtaken(next.position().value())), state);
            assertThat(state.published(state.peer(PEER))).isEqualTo(new Position(EPOCH, 42));
        }
    }

    /** A reader that is told a gap, and nothing else. */
    private static final class Overtaken implements Reader {

        private final long newest;
        private long position;

        Overtaken(long newest) {
            this.newest = newest;
        }

        @Override
        public int poll(Subscriber subscriber, int limit, long last) {
            if (position == newest) {
                return 0;
            }
            position = newest;
            subscriber.onGap(new Gap(1, newest));
            return 1;
        }

        @Override
        public long position() {
            return position;
        }

        @Override
        public void close() {}
    }

    /** A bus of which one method returns something else. */
    private static Bus busWith(String method, Bus bus, Object result) {
        return (Bus) Proxy.newProxyInstance(
                Bus.class.getClassLoader(),
                new Class<?>[] {Bus.class},
                (proxy, called, arguments) -> called.getName().equals(method) ? result : called.invoke(bus, arguments));
    }

    @Test
    void intentionThatWasFulfilledAndNotTakenBackIsNoHarm() {
        try (FileBus bus = open();
                BridgeState state = state()) {
            LocalPublisher local = new LocalPublisher(bus, state);
            long behind = bus.position().value();
            publish(local, state, 42);
            state.intend(state.peer(PEER), 42, bus.replica(), behind);
        }
        assertThat(publishedAfterTakeover()).isEqualTo(new Position(EPOCH, 42));
    }

    @Test
    void intentionOfAnotherLifeOfTheBusIsForgotten() {
        try (FileBus bus = open();
                BridgeState state = state()) {
            new LocalPublisher(bus, state);
            state.published(state.peer(PEER), EPOCH, 41);
            state.intend(state.peer(PEER), 42, bus.replica(), bus.position().value());
            state.localEpoch(bus.position().epoch() + 1);
        }
        assertThat(publishedAfterTakeover()).isEqualTo(new Position(EPOCH, 41));
        try (BridgeState state = state()) {
            assertThat(state.intendedPeer()).isEqualTo(-1);
        }
    }

    @Test
    void stateKnowsThousandsOfBridgesAndEachPeersPosition() {
        try (BridgeState state = state()) {
            for (int i = 1; i <= 10_000; i++) {
                state.addReplica(i);
            }
            for (int i = 0; i < BridgeState.MAX_PEERS; i++) {
                state.published(state.peer("host-" + i + ":1"), i, i * 10L);
                state.published(state.peer("host-" + i + ":1"), i + 1, i * 10L + 1);
            }
        }
        try (BridgeState state = state()) {
            assertThat(state.replicas())
                    .contains(10_000, 9_000, 8_000)
                    .isSorted()
                    .hasSizeBetween(2_048, 4_096);
            for (int i = 0; i < BridgeState.MAX_PEERS; i++) {
                assertThat(state.published(state.peer("host-" + i + ":1"))).isEqualTo(new Position(i + 1, i * 10L + 1));
            }
        }
    }

    @Test
    void hostileFramesNeitherFailNorPublishWhatWasNotSentInOrder() {
        SplittableRandom random = new SplittableRandom(3);
        try (FileBus bus = open();
                BridgeState state = state()) {
            LocalPublisher local = new LocalPublisher(bus, state);
            long before = bus.position().value();
            UnsafeBuffer frame = new UnsafeBuffer(new byte[2_000]);
            for (int i = 0; i < 200_000; i++) {
                Incoming incoming = new Incoming(PEER, state, local, error -> {}, 0);
                BridgeFrame.put(frame, 0, BridgeFrame.BEGUN, 0, incoming.request(), EPOCH, 0, 0);
                if (i == 0) {
                    incoming.onFrame(frame, 0, BridgeFrame.HEADER_LENGTH, 0);
                    assertThat(state.published(state.peer(PEER))).isEqualTo(new Position(EPOCH, 0));
                }
                incoming.onFrame(frame, 0, BridgeFrame.HEADER_LENGTH, 0);
                int length = random.nextInt(BridgeFrame.HEADER_LENGTH, 200);
                for (int at = 0; at < length; at++) {
                    frame.putByte(at, (byte) random.nextInt(256));
                }
                long behind = random.nextInt(4) == 0 ? random.nextLong() : 0;
                int said = random.nextBoolean() ? random.nextInt() : random.nextInt(-10, 200);
                int type = random.nextInt(BridgeFrame.MESSAGE, BridgeFrame.MESSAGE + 2) == 3 ? BridgeFrame.MESSAGE : 9;
                BridgeFrame.put(frame, 0, type, said, incoming.request(), EPOCH, behind, random.nextInt(-5, 1 << 30));
                if (random.nextBoolean()) {
                    BridgeFrame.putPiece(
                            frame, 0, 1, random.nextLong(), random.nextInt(-3, 300), random.nextInt(-3, 3));
                }
                if (BridgeFrame.isFrame(frame, 0, length) && said != length - BridgeFrame.PIECE_AT) {
                    incoming.onFrame(frame, 0, length, i);
                }
            }
            assertThat(bus.position().value()).isEqualTo(before);
        }
    }

    private void publish(LocalPublisher local, BridgeState state, long position) {
        local.publish(state.peer(PEER), EPOCH, position, NEWS, ByteBuffer.allocate(10), PayloadKind.BINARY);
    }

    private @Nullable Position publishedAfterTakeover() {
        try (FileBus next = open();
                BridgeState state = state()) {
            new LocalPublisher(next, state);
            return state.published(state.peer(PEER));
        }
    }

    private FileBus open() {
        return FileBus.at(scratch.path().resolve("bus")).open();
    }

    private BridgeState state() {
        return BridgeState.open(scratch.path().resolve("state"));
    }
}
