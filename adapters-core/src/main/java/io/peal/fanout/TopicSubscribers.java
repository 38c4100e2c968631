package io.peal.fanout;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The subscriptions of one shard to one topic, dense in an array so that a message walks over them in order of memory.
 * Each knows its index, so one leaves in constant time. Belongs to the shard's event loop.
 */
final class TopicSubscribers<F> {

    @SuppressWarnings({"unchecked", "rawtypes"}) // an array of a generic type is made raw
    private @Nullable TopicSubscription<F>[] all = new TopicSubscription[4];

    private int size;

    void add(TopicSubscription<F> subscription) {
        if (size == all.length) {
            all = Arrays.copyOf(all, size * 2);
        }
        subscription.index = size;
        all[size++] = subscription;
    }

    void remove(TopicSubscription<F> subscription) {
        TopicSubscription<F> last = get(--size);
        last.index = subscription.index;
        all[subscription.index] = last;
        all[size] = null;
    }

    int size() {
        return size;
    }

    TopicSubscription<F> get(int index) {
        TopicSubscription<F> subscription = all[index];
        if (subscription == null) {
            throw new IndexOutOfBoundsException(index);
        }
        return subscription;
    }
}
