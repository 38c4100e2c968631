package io.peal.fanout;

import io.peal.bus.Bus;
import io.peal.bus.Gap;
import io.peal.bus.Position;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.WakeUp;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The part of a fanout that one event loop owns: its connections and a reader over the topics they subscribe to. For
 * adapters. Opening, waking and closing are thread-safe; everything else runs on the event loop.
 *
 * @param <B> the adapter's buffers
 */
public final class Shard<B> {

    /*
     * How it works
     * ------------
     * A turn is one run of a task on the event loop: it polls the log, builds frames, writes them, and flushes each
     * connection once. It ends when the log is read, or when it has used up its slice, and then comes again behind the
     * loop's other tasks.
     *
     * What the shard's reader finds is collected and written in runs, see LiveRuns. A connection that is behind reads by
     * itself, see CatchUp and Feed.
     *
     * Invariants, between runs, with S the position of the shard's reader:
     *   I1  a live connection has, of each of its topics, everything up to S that lies behind the subscription's start
     *   I2  a lagging connection has everything up to its cursor, and its cursor is at most S
     *   I3  a lagging connection gets nothing from the shard's reader, a live one nothing from a reader of its own
     * A connection falls behind before a run is written to it, with its cursor before the run (I1 gives I2). It is live
     * again in the moment its cursor is S, between two runs (I2 gives I1). So it gets each message once, in order.
     * Whoever may have been kept from a message by something that failed is closed, and no longer live.
     *
     * A client that comes from another shard or replica may have more than S, and who wants the latest wants what is
     * published from now on. Such a subscription starts ahead of S; when a run comes that begins before its start, the
     * connection steps aside, and reads that by itself, which leaves out what the client has.
     */

    private static final int POLL_LIMIT = 64;
    private static final int TURN_MESSAGES = 256;
    private static final int TURN_LENGTH = 256 * 1024;
    private static final long TURN_NS = 1_000_000;
    private static final long NOT_READING = -1;
    private static final Duration STALL_CHECK = Duration.ofSeconds(1);
    private static final int BEAT_PARTS = 5;
    private static final int BEATS_PER_LIMIT = 25;
    private static final Duration DRAIN_CHECK = Duration.ofMillis(10);
    private static final long STALLED_MS = 1_000;
    private static final Duration RETRY = Duration.ofMillis(100); // when the bus could not be read
    private static final Duration LEAVING = Duration.ofSeconds(2); // when the bus is of no use any more
    static final String RESTARTS = "the server restarts: come back";
    static final Duration STUCK = Duration.ofSeconds(10);
    static final Duration DRAIN_PATIENCE = Duration.ofSeconds(2);

    private final Fanout fanout;
    private final Bus bus;
    private final EventLoop loop;
    private final FrameBuilder<B> rawFrames; // used on the event loop only, as are the others
    private final Map<MessageForm, FrameBuilder<B>> framesByForm = new ConcurrentHashMap<>(2);
    private final Runnable turn = this::turn;
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private volatile long scheduledNs = System.nanoTime();
    private final Rate inboundRate;
    private final Duration beatInterval;
    private final WakeUp wakeUp; // armed when a turn has found nothing more to do

    // All below belongs to the event loop.
    private final List<ShardConnection<B>> connections = new ArrayList<>();
    private final List<Feed<B>> unflushed = new ArrayList<>();
    private final TurnCount count = new TurnCount();
    private final LiveRuns<B> runs;
    private final CatchUp<B> catchUp;
    private @Nullable Reader reader; // null while nobody subscribes to anything
    private boolean inTurn;
    private boolean lastRun; // of the turn: nothing will be joined to what is written now
    private volatile long position = NOT_READING;
    private boolean beating; // another beat is to come
    private int beats;

    Shard(Fanout fanout, EventLoop loop, FrameBuilder<B> frames) {
        this.fanout = fanout;
        this.bus = fanout.bus();
        this.loop = loop;
        this.rawFrames = frames;
        framesByForm.put(MessageForm.raw(), frames);
        this.inboundRate =
                new Rate(fanout.limits().inboundRate(), fanout.limits().inboundBurst());
        this.beatInterval = fanout.limits().shortestOfLife().dividedBy(BEATS_PER_LIMIT);
        this.wakeUp = bus.newWakeUp(this::wake);
        this.runs = new LiveRuns<>(this, count);
        this.catchUp = new CatchUp<>(this, bus, count);
    }

    /**
     * A new connection: the handler's {@code onOpen} is called on the event loop, at once if this is it.
     *
     * @param place which the connection gives back when it ends
     * @return where the adapter reports what comes
     */
    public Inlet open(Outlet<B> outlet, String uri, Place place, ConnectionHandler handler) {
        ShardConnection<B> connection =
                new ShardConnection<>(this, outlet, handler, fanout.nextConnectionId(), uri, place, fanout.limits());
        if (loop.inLoop()) {
            add(connection);
        } else {
            loop.execute(() -> add(connection));
        }
        return connection;
    }

    private void add(ShardConnection<B> connection) {
        boolean tooLate = !fanout.isAccepting(); // from now on, draining and closing find it among the connections
        fanout.countOpened();
        fanout.signals().opened(connection);
        connection.index = connections.size();
        connections.add(connection);
        beatSoon();
        connection.opened();
        if (tooLate) {
            connection.close(CloseCode.GOING_AWAY, "the server is going away");
        } else if (connection.place().isOneTooMany()) {
            connection.close(CloseCode.TRY_AGAIN_LATER, "the server has as many connections as it may have");
        }
    }

    /** How fast each of its clients may send. */
    Rate inboundRate() {
        return inboundRate;
    }

    EventLoop loop() {
        return loop;
    }

    Fanout fanout() {
        return fanout;
    }

    /** For what is sent to one connection only. */
    FrameBuilder<B> rawFrames() {
        return rawFrames;
    }

    /** For messages of the log in a form. Thread-safe. */
    FrameBuilder<B> framesOf(MessageForm form) {
        return framesByForm.computeIfAbsent(form, rawFrames::in);
    }

    /** Lets a turn come soon. Thread-safe, and cheap when one is coming already. */
    void wake() {
        if (!scheduled.get() && scheduled.compareAndSet(false, true)) {
            scheduledNs = System.nanoTime();
            loop.execute(turn);
        }
    }

    /** Closes all connections, and reads no more. Thread-safe. */
    void close() {
        wakeUp.close();
        loop.execute(() -> {
            List.copyOf(connections)
                    .forEach(connection -> connection.close(CloseCode.GOING_AWAY, "the server is going away"));
            endIfDone();
        });
    }

    /** Closes all connections one after the other, each when it has what was published up to a position. Thread-safe. */
    void drain(long newest, Duration window) {
        loop.execute(() -> forEachWithin(window, connection -> drain(connection, newest, System.nanoTime())));
    }

    /** Closes all connections one after the other: nothing more can come to them. Thread-safe. */
    void leave() {
        loop.execute(() -> forEachWithin(LEAVING, connection -> connection.close(CloseCode.SERVICE_RESTART, RESTARTS)));
    }

    private void forEachWithin(Duration window, Consumer<ShardConnection<B>> action) {
        List<ShardConnection<B>> all = new ArrayList<>(connections);
        Collections.shuffle(all); // so that clients of one kind do not come back together
        for (int i = 0; i < all.size(); i++) {
            ShardConnection<B> connection = all.get(i);
            loop.schedule(
                    () -> action.accept(connection), window.multipliedBy(i).dividedBy(all.size()));
        }
    }

    private void drain(ShardConnection<B> connection, long newest, long sinceNs) {
        boolean patient = System.nanoTime() - sinceNs < DRAIN_PATIENCE.toNanos();
        if (patient && !connection.feed().hasAllUpTo(newest)) {
            loop.schedule(() -> drain(connection, newest, sinceNs), DRAIN_CHECK);
        } else {
            connection.close(CloseCode.SERVICE_RESTART, RESTARTS);
        }
    }

    /** Whether the bus can still be read. Thread-safe. */
    boolean hasBus() {
        return bus.whyUnusable().isEmpty();
    }

    /**
     * A connection may have missed a message, because something failed that should not: it is closed, so that its client comes
     * back and asks for it. The others go on.
     */
    void fail(Feed<B> feed, Throwable why) {
        fanout.errorHandler().onError(why);
        try {
            feed.connection().failed();
        } catch (RuntimeException | Error e) {
            fanout.errorHandler().onError(e);
        }
    }

    /** Whether it has had work for long, and its event loop does not let it. Thread-safe. */
    boolean isStuck() {
        return scheduled.get() && System.nanoTime() - scheduledNs >= STUCK.toNanos();
    }

    /** How far this shard is behind the newest position; 0 while it reads nothing. Thread-safe. */
    long lag(long newest) {
        long read = position;
        return read == NOT_READING ? 0 : Math.max(0, newest - read);
    }

    /** How far this shard has read; behind {@link #endRun()}, everything up to here was handed out. */
    long readTo() {
        return startReading();
    }

    /** Adds a subscription; the topic's messages behind {@code startFrom} come to the connection from now on. */
    TopicSubscription<B> subscribe(Feed<B> feed, Topic topic, StartFrom startFrom) {
        endRun();
        boolean latest = startFrom instanceof StartFrom.Latest;
        long asked = latest ? 0 : startOf(topic, startFrom); // first, because it may be refused: then nothing has begun
        long here = startReading();
        long after = latest ? feed.connection().latest(here, bus.position()) : asked;
        TopicSubscription<B> subscription = runs.add(feed, topic, here, after);
        wake();
        return subscription;
    }

    void unsubscribe(TopicSubscription<B> subscription) {
        runs.remove(subscription);
        stopReadingIfIdle();
    }

    /** The connection wants to read on from its cursor, and has room. */
    void catchUp(Feed<B> feed) {
        catchUp.add(feed);
        wake();
    }

    /** Watches a connection that has begun to lag. */
    void watch(Feed<B> feed) {
        loop.schedule(() -> checkStall(feed), STALL_CHECK);
    }

    /** Flushes the connection at the end of the turn, or at once if none is going on. */
    void flushSoon(Feed<B> feed) {
        if (!inTurn || (lastRun && !feed.isUnflushed())) {
            feed.flush(); // now, while what it needs is in the caches
        } else if (feed.markUnflushed()) {
            unflushed.add(feed);
        }
    }

    /** Whether a run is being written: some of those it is for have it, others do not have it yet. */
    boolean isWriting() {
        return runs.isWriting();
    }

    /** Writes what is collected; afterwards everything up to {@link #readTo()} has been handed out. */
    void endRun() {
        runs.write();
    }

    /** Something is gone that those who are live should have got. */
    void lost(Gap gap) {
        for (ShardConnection<B> connection : List.copyOf(connections)) {
            if (connection.feed().isLive() && !connection.topics().isEmpty()) {
                connection.lost(gap);
            }
        }
    }

    void forget(ShardConnection<B> connection) {
        int last = connections.size() - 1;
        ShardConnection<B> moved = connections.get(last);
        connections.set(connection.index, moved);
        moved.index = connection.index;
        connections.remove(last);
        connection.place().giveBack();
        fanout.countClosed();
        endIfDone();
    }

    private void endIfDone() {
        if (fanout.isClosed() && connections.isEmpty()) {
            loop.end();
        }
    }

    private void turn() {
        if (!hasBus()) {
            scheduled.set(false);
            return; // clients are being sent away
        }
        long waitedMs = (System.nanoTime() - scheduledNs) / 1_000_000;
        if (waitedMs >= STALLED_MS) {
            fanout.signals().stalled(waitedMs);
        }
        FanoutEvents.Turn event = FanoutEvents.areRecorded() ? new FanoutEvents.Turn() : null;
        if (event != null) {
            event.begin();
        }
        scheduled.set(false);
        inTurn = true;
        count.begin();
        boolean more = false;
        boolean failed = false;
        try {
            more = workForASlice();
        } catch (RuntimeException | Error e) { // of the bus: what it has not handed out it will hand out later
            failed = true;
            fanout.errorHandler().onError(e);
        }
        lastRun = true;
        endRun();
        lastRun = false;
        flushAll();
        inTurn = false;
        count.tell(fanout.signals(), event);
        stopReadingIfIdle();
        Reader reading = reader;
        position = reading == null ? NOT_READING : reading.position();
        if (failed) {
            loop.schedule(this::wake, RETRY); // and not at full speed, with an error each time
        } else if (more || (reading != null && !sleepsBehind(reading.position()))) {
            wake();
        }
    }

    /** Whether a turn will come by itself when there is something to read. */
    private boolean sleepsBehind(long position) {
        try {
            return wakeUp.arm(position);
        } catch (RuntimeException | Error e) { // it looks at the log
            fanout.errorHandler().onError(e);
            loop.schedule(this::wake, RETRY);
            return true;
        }
    }

    /** Works until there is nothing to do or the slice is used up; true if something is left. */
    private boolean workForASlice() {
        long deadline = System.nanoTime() + TURN_NS;
        int looked = 0;
        while (true) {
            boolean lagging = catchUp.turn();
            int passed = reader == null ? 0 : reader.poll(runs, POLL_LIMIT);
            looked += passed;
            if (passed == 0 && !lagging) {
                return false;
            }
            boolean usedUp = looked >= TURN_MESSAGES || count.built() >= TURN_LENGTH;
            if (usedUp || System.nanoTime() - deadline >= 0) {
                return true;
            }
        }
    }

    private void flushAll() {
        for (int i = 0; i < unflushed.size(); i++) {
            Feed<B> feed = unflushed.get(i);
            try {
                feed.flush();
            } catch (RuntimeException | Error e) {
                fail(feed, e);
            }
        }
        unflushed.clear();
    }

    private long startReading() {
        Reader reading = reader;
        if (reading == null) {
            reading = bus.newReader(StartFrom.latest(), runs.topics());
            reader = reading;
        }
        return reading.position();
    }

    /** The position behind which {@code startFrom} begins; refused by the bus if it cannot be continued. */
    private long startOf(Topic topic, StartFrom startFrom) {
        try (Reader probe = bus.newReader(startFrom, TopicSet.of(topic))) {
            return probe.position();
        }
    }

    private void stopReadingIfIdle() {
        Reader reading = reader;
        if (runs.topics().isEmpty() && !inTurn && reading != null) {
            reading.close();
            reader = null;
        }
    }

    private void beatSoon() {
        if (!beating) {
            beating = true;
            loop.schedule(this::beat, beatInterval);
        }
    }

    /** One in five connections is looked at in each beat, so that 10,000 of them never make a pause. */
    private void beat() {
        long nowNs = System.nanoTime();
        int part = beats++ % BEAT_PARTS;
        for (int i = connections.size() - 1;
                i >= 0;
                i--) { // backwards, because closing one moves the last to its place
            if (i % BEAT_PARTS == part) {
                connections.get(i).checkLife(nowNs);
            }
        }
        beating = false;
        if (!connections.isEmpty()) {
            beatSoon();
        }
    }

    private void checkStall(Feed<B> feed) {
        if (feed.isStillWatched()) {
            String tooSlow = feed.whyTooSlow(fanout.limits(), System.nanoTime());
            if (tooSlow != null) {
                feed.connection().closeAsSlow(tooSlow);
            } else {
                watch(feed);
            }
        }
    }

    Position positionOf(long value) {
        return new Position(bus.position().epoch(), value);
    }
}
