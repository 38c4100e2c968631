package io.peal.testkit;

import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.bus.spi.WakeUps;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The log that the replicas of an {@link InMemoryBus} share: a linked list whose tail grows under a lock and which is
 * read without one. Thread-safe.
 */
final class InMemoryLog {

    final long epoch = ThreadLocalRandom.current().nextLong();
    final AtomicInteger replicas = new AtomicInteger();
    final CopyOnWriteArrayList<WakeUps> wakeUps = new CopyOnWriteArrayList<>();

    private final int retainedMessages;
    private Entry tail =
            new Entry(0, 0, Topic.of("before the first"), PayloadKind.BINARY, new byte[0], 0); // guarded by this
    private volatile Entry beforeOldest = tail;

    InMemoryLog(int retainedMessages) {
        this.retainedMessages = retainedMessages;
    }

    long append(int replica, Topic topic, PayloadKind kind, byte[] payload) {
        long position;
        synchronized (this) {
            position = tail.position + 1;
            Entry entry = new Entry(position, replica, topic, kind, payload, nowUs());
            tail.next = entry;
            tail = entry;
            if (position - beforeOldest.position > retainedMessages) {
                beforeOldest = beforeOldest.following();
            }
        }
        for (WakeUps each : wakeUps) {
            each.fire(position);
        }
        return position;
    }

    /** The entry before the oldest that is kept. */
    Entry beforeOldest() {
        return beforeOldest;
    }

    /** The entry at {@code position}, or if that is trimmed the one before the oldest that is kept. */
    synchronized Entry at(long position) {
        Entry entry = beforeOldest;
        while (entry.position < position) {
            entry = entry.following();
        }
        return entry;
    }

    synchronized Entry tail() {
        return tail;
    }

    long newest() {
        return tail().position;
    }

    private static long nowUs() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    /** A published message; immutable but for the link to its successor. */
    static final class Entry implements Message {

        private final long position;
        private final int replica;
        private final Topic topic;
        private final PayloadKind kind;
        private final byte[] payload;
        private final long timestampUs;
        volatile @Nullable Entry next;

        Entry(long position, int replica, Topic topic, PayloadKind kind, byte[] payload, long timestampUs) {
            this.position = position;
            this.replica = replica;
            this.topic = topic;
            this.kind = kind;
            this.payload = payload;
            this.timestampUs = timestampUs;
        }

        Entry following() {
            Entry following = next;
            if (following == null) {
                throw new IllegalStateException("position " + position + " is the newest");
            }
            return following;
        }

        @Override
        public Topic topic() {
            return topic;
        }

        @Override
        public long position() {
            return position;
        }

        @Override
        public PayloadKind kind() {
            return kind;
        }

        @Override
        public int replica() {
            return replica;
        }

        @Override
        public long timestampUs() {
            return timestampUs;
        }

        @Override
        public int payloadLength() {
            return payload.length;
        }

        @Override
        public ByteBuffer payload() {
            return ByteBuffer.wrap(payload).asReadOnlyBuffer();
        }
    }
}
