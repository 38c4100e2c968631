package io.peal.testkit;

import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Reader;
import io.peal.bus.Subscriber;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A subscriber that keeps what it was given, for assertions. Thread-safe. */
public final class Recording implements Subscriber {

    /** A message as it was when it was delivered. */
    public record Delivered(long position, String topic, int replica, String text) {}

    private final List<Delivered> messages = new ArrayList<>(); // guarded by this
    private final List<Gap> gaps = new ArrayList<>(); // guarded by this

    /** Nothing yet. */
    public Recording() {}

    @Override
    public synchronized void onMessage(Message message) {
        messages.add(new Delivered(message.position(), message.topic().name(), message.replica(), message.text()));
        notifyAll();
    }

    @Override
    public synchronized void onGap(Gap gap) {
        gaps.add(gap);
        notifyAll();
    }

    /** What was delivered so far, in order. */
    public synchronized List<Delivered> messages() {
        return List.copyOf(messages);
    }

    /** The texts of what was delivered so far, in order. */
    public List<String> texts() {
        return messages().stream().map(Delivered::text).toList();
    }

    /** The positions of what was delivered so far, in order. */
    public List<Long> positions() {
        return messages().stream().map(Delivered::position).toList();
    }

    /** The gaps that were told so far, in order. */
    public synchronized List<Gap> gaps() {
        return List.copyOf(gaps);
    }

    /**
     * Waits until at least {@code count} messages were delivered.
     *
     * @throws AssertionError if they do not come in time
     */
    public synchronized Recording await(int count, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (messages.size() < count) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new AssertionError("only " + messages.size() + " of " + count + " messages came within " + limit
                        + "; gaps: " + gaps);
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted", e);
            }
        }
        return this;
    }

    /** Polls the reader until it has delivered {@code count} messages here, or the time is over. */
    public Recording poll(Reader reader, int count, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (messages().size() < count) {
            if (reader.poll(this, 1_000) == 0) {
                if (System.nanoTime() > deadline) {
                    throw new AssertionError(
                            "only " + messages().size() + " of " + count + " messages came within " + limit);
                }
                Thread.onSpinWait();
            }
        }
        return this;
    }
}
