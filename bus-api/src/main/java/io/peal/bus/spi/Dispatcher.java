package io.peal.bus.spi;

import io.peal.bus.Bus;
import io.peal.bus.ErrorHandler;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Subscription;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.WakeUp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Runs the callbacks of {@link Bus#subscribe} on one thread of its own, over the readers of any bus. Subscribing and
 * closing are thread-safe; everything else happens on that thread, which is started by the first subscription.
 *
 * <p>One live reader serves all topics that are subscribed to. A subscription begins with a reader of its own, made
 * while {@code subscribe} runs, so its start is fixed before the call returns. Invariants:
 *
 * <ol>
 *   <li>A subscription whose reader is behind the live reader is <em>catching up</em>: its reader is polled for at most
 *       the positions between the two, so it can get level but never overtake.
 *   <li>A subscription that is level or ahead is <em>live</em>: it gets from the live reader what is after its own
 *       position, and its reader is closed.
 *   <li>The thread sleeps behind the reader that is farthest back: the live one may begin behind a message that somebody is
 *       still writing, and then those who catch up wait for that one.
 * </ol>
 *
 * So each position reaches a subscription exactly once, from one of the two readers, in order.
 */
public final class Dispatcher implements AutoCloseable {

    private static final int POLL_LIMIT = 256;
    private static final long REST_NS = 50_000_000; // after an error, which the next poll may well meet again
    private static final long SPIN_NS = Runtime.getRuntime().availableProcessors() > 2 ? 20_000 : 5_000;

    private final Bus bus;
    private final ErrorHandler errorHandler;
    private final Thread thread;
    private final ConcurrentLinkedQueue<Registration> commands = new ConcurrentLinkedQueue<>();
    private final TopicSet topics = new TopicSet();
    private final Map<Topic, List<Registration>> live = new HashMap<>();
    private final List<Registration> catchingUp = new ArrayList<>();
    private final Subscriber toLive = new ToLive();
    private @Nullable WakeUp wakeUp; // set once, before the thread starts
    private boolean started; // guarded by this
    private volatile boolean woken;
    private volatile boolean closed;

    /** A dispatcher over {@code bus}; the bus closes it before it closes itself. */
    public Dispatcher(Bus bus, String threadName, ErrorHandler errorHandler) {
        this.bus = bus;
        this.errorHandler = errorHandler;
        this.thread = new Thread(this::run, threadName);
        this.thread.setDaemon(true);
    }

    /** See {@link Bus#subscribe(Topic, StartFrom, Subscriber)}. */
    public Subscription subscribe(Topic topic, StartFrom startFrom, Subscriber subscriber) {
        Reader own = bus.newReader(startFrom, TopicSet.of(topic));
        Registration registration = new Registration(topic, subscriber, own);
        commands.add(registration);
        start();
        LockSupport.unpark(thread);
        return registration;
    }

    /** Ends every subscription and waits for the callback that is running, unless this is called by it. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            if (!started) {
                return;
            }
            if (wakeUp != null) {
                wakeUp.close();
            }
        }
        LockSupport.unpark(thread);
        if (Thread.currentThread() != thread) {
            join();
        }
    }

    private void join() {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void start() {
        if (closed) {
            throw new IllegalStateException("the bus is closed");
        }
        if (!started) {
            started = true;
            wakeUp = bus.newWakeUp(this::wake);
            bus.whenUnusable(why -> wake());
            thread.start();
        }
    }

    private void run() {
        try (Reader live = bus.newReader(StartFrom.latest(), topics)) {
            while (!closed && isUsable()) {
                if (turn(live) == 0 && !waitABit(live)) {
                    sleepBehind(farthestBack(live));
                }
            }
        } catch (RuntimeException | Error e) {
            errorHandler.onError(e);
        } finally {
            catchingUp.forEach(registration -> registration.own.close());
            commands.forEach(registration -> registration.own.close());
        }
    }

    /** Spins for a moment, because the next message often comes at once; true if it did. */
    private boolean waitABit(Reader live) {
        long deadline = System.nanoTime() + SPIN_NS;
        while (System.nanoTime() - deadline < 0) {
            if (turn(live) > 0) {
                return true;
            }
            Thread.onSpinWait();
        }
        return false;
    }

    private long farthestBack(Reader live) {
        long position = live.position();
        for (Registration registration : catchingUp) {
            position = Math.min(position, registration.own.position());
        }
        return position;
    }

    /** The flag says that it was woken: arming may take locks, and a thread that waits for one uses up its permit. */
    private void sleepBehind(long position) {
        WakeUp armed = wakeUp;
        woken = false;
        if (armed != null && arm(armed, position)) {
            while (!woken && commands.isEmpty() && !closed && isUsable()) {
                LockSupport.park(this);
            }
        }
    }

    private boolean arm(WakeUp armed, long position) {
        try {
            return armed.arm(position);
        } catch (RuntimeException | Error e) { // it looks at the log
            reportAndRest(e);
            return false;
        }
    }

    private void wake() {
        woken = true;
        LockSupport.unpark(thread);
    }

    private boolean isUsable() {
        return bus.whyUnusable().isEmpty();
    }

    private int turn(Reader live) {
        takeCommands(live);
        int work = 0;
        for (Iterator<Registration> each = catchingUp.iterator(); each.hasNext(); ) {
            Registration registration = each.next();
            if (registration.ended) {
                registration.own.close();
                each.remove();
            } else {
                work += poll(registration.own, registration, live.position());
                if (registration.own.position() >= live.position()) {
                    each.remove();
                    join(registration);
                }
            }
        }
        return work + poll(live, toLive, Long.MAX_VALUE);
    }

    private void takeCommands(Reader live) {
        for (Registration next = commands.poll(); next != null; next = commands.poll()) {
            if (next.ended) {
                leave(next);
            } else if (next.own.position() < live.position()) {
                catchingUp.add(next);
            } else {
                join(next);
            }
        }
    }

    private int poll(Reader reader, Subscriber subscriber, long last) {
        try {
            return reader.poll(subscriber, POLL_LIMIT, last);
        } catch (RuntimeException | Error e) { // there was no memory for a copy, for example: nothing was passed
            reportAndRest(e);
            return 1;
        }
    }

    private void reportAndRest(Throwable error) {
        if (isUsable()) {
            errorHandler.onError(error);
            LockSupport.parkNanos(REST_NS);
        }
    }

    private void join(Registration registration) {
        registration.after = registration.own.position();
        registration.own.close();
        live.computeIfAbsent(registration.topic, topic -> new ArrayList<>()).add(registration);
        topics.add(registration.topic);
    }

    private void leave(Registration registration) {
        registration.own.close();
        List<Registration> registrations = live.get(registration.topic);
        if (registrations != null && registrations.remove(registration) && registrations.isEmpty()) {
            live.remove(registration.topic);
            topics.remove(registration.topic);
        }
    }

    private final class ToLive implements Subscriber {

        @Override
        public void onMessage(Message message) {
            List<Registration> registrations = live.get(message.topic());
            if (registrations != null) {
                for (int i = 0; i < registrations.size(); i++) {
                    Registration registration = registrations.get(i);
                    if (message.position() > registration.after) {
                        registration.onMessage(message);
                    }
                }
            }
        }

        @Override
        public void onGap(Gap gap) {
            live.values()
                    .forEach(all -> all.forEach(registration -> {
                        if (gap.last() > registration.after) {
                            registration.onGap(new Gap(Math.max(gap.first(), registration.after + 1), gap.last()));
                        }
                    }));
        }
    }

    private final class Registration implements Subscriber, Subscription {

        private final Topic topic;
        private final Subscriber subscriber;
        private final Reader own;
        private long after; // what the subscriber has had when it became live
        private volatile boolean ended;

        Registration(Topic topic, Subscriber subscriber, Reader own) {
            this.topic = topic;
            this.subscriber = subscriber;
            this.own = own;
        }

        @Override
        public void onMessage(Message message) {
            if (!ended && !closed) {
                try {
                    subscriber.onMessage(message);
                } catch (RuntimeException | Error e) { // of one subscriber: the others share the thread
                    errorHandler.onError(e);
                }
            }
        }

        @Override
        public void onGap(Gap gap) {
            if (!ended && !closed) {
                try {
                    subscriber.onGap(gap);
                } catch (RuntimeException | Error e) { // of one subscriber: the others share the thread
                    errorHandler.onError(e);
                }
            }
        }

        @Override
        public void close() {
            if (!ended) {
                ended = true;
                commands.add(this);
                LockSupport.unpark(thread);
            }
        }
    }
}
