package io.peal.fanout;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The subscriptions of one shard to one topic, dense in an array so that a message walks over them in order of memory.
 * Each knows its index, so one leaves in constant time. Belongs to the shard's event loop.
 */
final class TopicSubscribers<B> {

    @SuppressWarnings({"unchecked", "rawtypes"}) // an array of a generic type is made raw
    private @Nullable TopicSubscription<B>[] all = new TopicSubscription[4];

    private final SlowConsumerPolicy policy;
    private int size;
    private long newest;
    private long messages;
    private long bytes;

    TopicSubscribers(SlowConsumerPolicy policy) {
        this.policy = policy;
    }

    SlowConsumerPolicy policy() {
        return policy;
    }

    /** Notes a run of messages, after it was written. */
    void passed(long last, int count, long length) {
        newest = last;
        messages += count;
        bytes += length;
    }

    /** The newest message's position among those that came since the shard has subscribers of this topic; 0 if none did. */
    long newest() {
        return newest;
    }

    /** How many have come since then. */
    long messages() {
        return messages;
    }

    /** The length of their payloads. */
    long bytes() {
        return bytes;
    }

    void add(TopicSubscription<B> subscription) {
        if (size == all.length) {
            all = Arrays.copyOf(all, size * 2);
        }
        subscription.index = size;
        all[size++] = subscription;
    }

    void remove(TopicSubscription<B> subscription) {
        TopicSubscription<B> last = get(--size);
        last.index = subscription.index;
        all[subscription.index] = last;
        all[size] = null;
    }

    int size() {
        return size;
    }

    TopicSubscription<B> get(int index) {
        TopicSubscription<B> subscription = all[index];
        if (subscription == null) {
            throw new IndexOutOfBoundsException(index);
        }
        return subscription;
    }
}
