package io.peal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.Message;
import io.peal.bus.Position;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.fanout.CloseCode;
import io.peal.fanout.Connection;
import io.peal.fanout.EventLoop;
import io.peal.fanout.Fanout;
import io.peal.fanout.FanoutListener;
import io.peal.fanout.FrameMemory;
import io.peal.fanout.FrameRun;
import io.peal.fanout.Inlet;
import io.peal.fanout.Outlet;
import io.peal.fanout.Shard;
import io.peal.fanout.SlowConsumers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What a shard does when something around it fails, on an event loop, memory and connections that do as the test says: one
 * connection's trouble is never another's, and whoever may have missed a message is closed.
 */
class ShardTest {

    private static final Topic NEWS = Topic.of("news");
    private static final Topic RARE = Topic.of("rare");
    private static final Topic KEYED = Topic.of("keyed");
    private static final String TROUBLE = "trouble made by a test";
    private static final int RETAINED = 100;

    private final StubbornBus bus = new StubbornBus(InMemoryBus.retaining(RETAINED));
    private final List<Throwable> errors = new ArrayList<>();
    private final List<String> lost = new ArrayList<>();
    private Consumer<Connection> onFellBehind = connection -> {};
    private final HandLoop loop = new HandLoop();
    private final HeapMemory memory = new HeapMemory();
    private final Fanout fanout = Fanout.on(bus)
            .errorHandler(errors::add)
            .slowConsumers(SlowConsumers.catchUp().conflatingByKey("keyed", ShardTest::keyOf))
            .listener(new FanoutListener() {
                @Override
                public void fellBehind(Connection connection) {
                    onFellBehind.accept(connection);
                }

                @Override
                public void busLost(String why) {
                    lost.add(why);
                }
            })
            .build();
    private final Shard<ByteBuffer> shard = fanout.newShard(loop, memory);

    @AfterEach
    void close() {
        fanout.close();
        bus.close();
    }

    @Test
    void oneConnectionThatCannotBeWrittenToIsClosedAndTheOthersGetTheMessage() {
        Client first = subscribed(NEWS);
        Client broken = subscribed(NEWS);
        Client last = subscribed(NEWS);
        broken.throwing = true;
        publish(NEWS, "1");
        loop.run();
        assertThat(List.of(first.got, last.got)).containsOnly(List.of("1"));
        assertThat(broken.closedWith).isEqualTo(CloseCode.INTERNAL_ERROR);
        assertThat(errors).extracting(Throwable::getMessage).containsExactly(TROUBLE);
    }

    @Test
    void anErrorInTheApplicationClosesTheConnectionItIsFor() {
        Client live = subscribed(NEWS);
        Client unlucky = new Client();
        Inlet opened = shard.open(unlucky, "/", fanout.placeOfAdmitted(), connection -> {
            throw new NoMemory();
        });
        assertThat(opened.connection().topics()).isEmpty();
        assertThat(unlucky.closedWith).isEqualTo(CloseCode.INTERNAL_ERROR);
        publish(NEWS, "1");
        loop.run();
        assertThat(live.got).containsExactly("1");
        assertThat(errors).hasSize(1).first().isInstanceOf(NoMemory.class);
    }

    @Test
    void whoeverGetsNothingForWantOfMemoryIsClosed() {
        Client live = subscribed(NEWS);
        Client ofAnotherTopic = subscribed(RARE);
        memory.failures = 1;
        publish(NEWS, "1");
        loop.run();
        publish(RARE, "2");
        loop.run();
        assertThat(live.closedWith).isEqualTo(CloseCode.INTERNAL_ERROR);
        assertThat(ofAnotherTopic.got).containsExactly("2");
        assertThat(errors).hasSize(1).first().isInstanceOf(NoMemory.class);
    }

    @Test
    void whatWasReadForOneBeforeItsReaderFailedDoesNotReachOthers() {
        publish(RARE, "old");
        publish(RARE, "older");
        Client live = subscribed(NEWS);
        bus.failAfterMessages = 1;
        Client resuming = subscribed(RARE, StartFrom.earliest());
        loop.run();
        assertThat(resuming.closedWith).isEqualTo(CloseCode.INTERNAL_ERROR);
        publish(NEWS, "new");
        loop.run();
        assertThat(live.got).containsExactly("new");
        assertThat(resuming.got).isEmpty();
        assertThat(errors).extracting(Throwable::getMessage).containsExactly(TROUBLE);
    }

    @Test
    void aBusThatCannotBeReadForAWhileIsTriedAgainButNotAtFullSpeed() {
        Client client = subscribed(NEWS);
        loop.run();
        bus.failedPolls = 2;
        publish(NEWS, "1");
        loop.run();
        assertThat(errors).hasSize(1);
        loop.passTime();
        assertThat(errors).hasSize(2);
        loop.passTime();
        assertThat(errors).hasSize(2);
        assertThat(client.got).containsExactly("1");
        assertThat(client.closedWith).isZero();
    }

    /** As it is where positions are told before their messages are complete: the shard may have begun behind one. */
    @Test
    void aConnectionBehindWhatIsNotCompleteLooksAgainLaterAndNotAtFullSpeed() {
        Client live = subscribed(NEWS);
        publish(RARE, "1");
        publish(RARE, "2");
        publish(NEWS, "3");
        loop.run();
        bus.unfinished = 2;
        Client resuming = subscribed(RARE, StartFrom.earliest());
        loop.run();
        assertThat(resuming.got).containsExactly("1");
        bus.polls = 0;
        for (int i = 0; i < 100; i++) {
            loop.passTime();
        }
        assertThat(bus.polls).isBetween(100, 500);
        publish(NEWS, "4");
        loop.run();
        assertThat(live.got).containsExactly("3", "4");
        bus.unfinished = Long.MAX_VALUE;
        loop.passTime();
        assertThat(resuming.got).containsExactly("1", "2");
        publish(RARE, "5");
        loop.run();
        assertThat(resuming.got).containsExactly("1", "2", "5");
        assertThat(errors).isEmpty();
    }

    @Test
    void aSubscriptionThatFailsClosesTheConnection() {
        bus.refusingReaders = true;
        Client client = new Client();
        client.connect().subscribe(NEWS, StartFrom.earliest());
        assertThat(client.closedWith).isEqualTo(CloseCode.INTERNAL_ERROR);
        assertThat(errors).extracting(Throwable::getMessage).containsExactly(TROUBLE);
    }

    @Test
    void aRefusedSubscriptionLeavesNothingThatOthersWouldSufferFrom() {
        Client stranger = new Client();
        Position ofAnotherLife = new Position(bus.position().epoch() + 1, 0);
        stranger.connect().subscribe(NEWS, StartFrom.after(ofAnotherLife));
        assertThat(stranger.closedWith).isEqualTo(CloseCode.POLICY_VIOLATION);
        for (int i = 0; i < 2 * RETAINED; i++) {
            publish(NEWS, "unread");
        }
        Client client = subscribed(NEWS);
        loop.run();
        publish(NEWS, "new");
        loop.run();
        assertThat(client.closedReason).isNull();
        assertThat(client.got).containsExactly("new");
    }

    @Test
    void aConnectionThatIsBehindAgainAndAgainIsLookedAfterOnce() {
        Client client = subscribed(NEWS);
        for (int i = 0; i < RETAINED; i++) {
            client.writable = false;
            publish(NEWS, "late");
            loop.run();
            client.becomeWritable();
            loop.run();
        }
        assertThat(client.got).hasSize(RETAINED);
        assertThat(loop.later.size()).isLessThan(5);
    }

    /** It has all that the shard knows of its topic, but there may have been more of it in the gap. */
    @Test
    void aConnectionThatIsBehindWhenItsShardMissesSomethingIsClosed() {
        Client client = subscribed(NEWS);
        client.writable = false;
        publish(NEWS, "x".repeat(100_000)); // more than a slice
        for (int i = 1; i < RETAINED; i++) {
            publish(RARE, "not for it, but the shard is ahead of it");
        }
        loop.run();
        client.writable = true;
        client.onWrite = () -> client.writable = false;
        client.becomeWritable();
        loop.run();
        assertThat(client.got).hasSize(1);
        publish(NEWS, "in the gap");
        for (int i = 0; i < 2 * RETAINED; i++) {
            publish(RARE, "overtakes the shard");
        }
        loop.run();
        client.onWrite = () -> {};
        client.becomeWritable();
        loop.run();
        assertThat(client.closedWith).isEqualTo(CloseCode.TRY_AGAIN_LATER);
    }

    @Test
    void aKeyThatCannotBeToldKeepsNoMessageBack() {
        Client client = subscribed(KEYED);
        for (String text : List.of("1", "2", "no key", "4")) {
            publish(KEYED, text);
        }
        loop.run();
        assertThat(client.got).containsExactly("1", "2", "no key", "4");
        assertThat(errors).hasSize(1).first().isInstanceOf(NoMemory.class);
    }

    @Test
    void whoSubscribesWhileOthersAreWrittenToMissesNothing() {
        Client slow = subscribed(NEWS);
        Client later = subscribed(NEWS);
        onFellBehind = connection -> {
            connection.subscribe(RARE);
            later.connection().subscribe(RARE);
        };
        slow.writable = false;
        publish(NEWS, "1");
        publish(NEWS, "2");
        loop.run();
        publish(RARE, "3");
        loop.run();
        slow.becomeWritable();
        loop.run();
        assertThat(later.got).containsExactly("1", "2", "3");
        assertThat(slow.got).containsExactly("1", "2", "3");
    }

    @Test
    void aShardThatCannotFallAsleepLooksAgainSoon() {
        Client client = subscribed(NEWS);
        loop.run();
        bus.failsToArm = true;
        publish(NEWS, "1");
        loop.run();
        publish(NEWS, "2");
        loop.run();
        loop.passTime();
        assertThat(client.got).containsExactly("1", "2");
        assertThat(errors).hasSize(1);
    }

    @Test
    void aConnectionIsNotBehindBeforeItsShardHasBegunToRead() {
        publish(NEWS, "before");
        Client client = subscribed(NEWS);
        assertThat(client.connection().lag()).isZero();
        loop.run();
        assertThat(client.connection().lag()).isZero();
    }

    @Test
    void whoLooksForARareTopicTakesOneSliceOfATurn() {
        for (int i = 0; i < RETAINED; i++) {
            publish(NEWS, "not rare");
        }
        Client client = subscribed(RARE, StartFrom.earliest());
        bus.slowPolls = true;
        loop.runOne();
        int inOneTurn = bus.polls;
        loop.run();
        assertThat(inOneTurn).isLessThan(bus.polls);
        assertThat(client.closedWith).isZero();
    }

    @Test
    void clientsAreSentAwayWhenTheBusIsLost() {
        List<Client> clients = List.of(subscribed(NEWS), subscribed(NEWS), subscribed(RARE, StartFrom.earliest()));
        loop.run();
        publish(NEWS, "never read");
        bus.memory().fail(TROUBLE);
        loop.run();
        loop.passTime();
        assertThat(clients).extracting(client -> client.closedWith).containsOnly(CloseCode.SERVICE_RESTART);
        assertThat(lost).containsExactly(TROUBLE);
        assertThat(errors).isEmpty();
        assertThat(fanout.isAccepting()).isFalse();
        assertThat(fanout.health().alive()).isFalse();
        assertThat(fanout.health().ready()).isFalse();
        assertThat(fanout.health().reasons()).containsExactly(TROUBLE);
        assertThat(fanout.lag()).isZero();
    }

    @Test
    void whoComesWhenTheBusIsLostIsSentAwayToo() {
        bus.memory().fail(TROUBLE);
        Client late = subscribed(NEWS);
        assertThat(late.closedWith).isEqualTo(CloseCode.GOING_AWAY);
        assertThat(errors).isEmpty();
    }

    private Client subscribed(Topic topic) {
        return subscribed(topic, StartFrom.latest());
    }

    private Client subscribed(Topic topic, StartFrom startFrom) {
        Client client = new Client();
        client.connect().subscribe(topic, startFrom);
        return client;
    }

    private static Object keyOf(Message message) {
        if (message.text().equals("no key")) {
            throw new NoMemory();
        }
        return message.text();
    }

    private void publish(Topic topic, String text) {
        bus.publisher().publish(topic, text);
    }

    /** A connection that takes what it is given, or not. */
    private final class Client implements Outlet<ByteBuffer> {

        private final List<String> got = new ArrayList<>();
        private boolean writable = true;
        private boolean throwing;
        private Runnable onWrite = () -> {};
        private int closedWith;
        private @Nullable String closedReason;
        private @Nullable Inlet inlet;

        Connection connect() {
            Inlet opened = shard.open(this, "/", fanout.placeOfAdmitted(), connection -> {});
            inlet = opened;
            return opened.connection();
        }

        Connection connection() {
            return inlet().connection();
        }

        void becomeWritable() {
            writable = true;
            inlet().onWritable();
        }

        private Inlet inlet() {
            Inlet opened = inlet;
            if (opened == null) {
                throw new IllegalStateException("not connected");
            }
            return opened;
        }

        @Override
        public void open(Inlet inlet) {}

        @Override
        public boolean writable() {
            return writable;
        }

        @Override
        public void write(FrameRun<ByteBuffer> frames) {
            if (throwing) {
                throw new IllegalStateException(TROUBLE);
            }
            frames.forEachMessage((kind, payload) ->
                    got.add(StandardCharsets.UTF_8.decode(payload).toString()));
            onWrite.run();
        }

        @Override
        public void flush() {}

        @Override
        public void ping() {}

        @Override
        public void close(int code, String reason) {
            closedWith = code;
            closedReason = reason;
        }
    }

    /** A loop whose tasks run when the test says so; it says so on the one thread there is. */
    private static final class HandLoop implements EventLoop {

        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        private List<Runnable> later = new ArrayList<>();

        @Override
        public boolean inLoop() {
            return true;
        }

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
        }

        @Override
        public void schedule(Runnable task, Duration delay) {
            later.add(task);
        }

        void runOne() {
            tasks.remove().run();
        }

        void run() {
            for (int i = 0; !tasks.isEmpty(); i++) {
                assertThat(i).as("tasks without an end").isLessThan(10_000);
                runOne();
            }
        }

        /** What is scheduled now is due, and run with all that it leads to. */
        void passTime() {
            List<Runnable> due = later;
            later = new ArrayList<>();
            due.forEach(Runnable::run);
            run();
        }
    }

    /** Not Java's own, which would end the test run if it got out. */
    private static final class NoMemory extends Error {

        private static final long serialVersionUID = 1;
    }

    /** Buffers on the heap, until there are none. */
    private static final class HeapMemory implements FrameMemory<ByteBuffer> {

        private int failures;

        @Override
        public ByteBuffer copy(ByteBuffer frames) {
            if (failures > 0) {
                failures--;
                throw new NoMemory();
            }
            return ByteBuffer.allocate(frames.remaining()).put(frames).flip();
        }

        @Override
        public ByteBuffer view(ByteBuffer buffer) {
            return buffer.duplicate();
        }

        @Override
        public void release(ByteBuffer buffer) {}
    }
}
