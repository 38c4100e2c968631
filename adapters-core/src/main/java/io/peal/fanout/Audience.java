package io.peal.fanout;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The subscriptions of one shard to one topic that share a form, dense in an array so that a message walks over them in
 * order of memory. Each knows its index, so one leaves in constant time. Belongs to the shard's event loop.
 */
final class Audience<B> {

    /** Where the messages for them are collected. */
    final FrameBuilder<B> frames;

    @SuppressWarnings({"unchecked", "rawtypes"}) // an array of a generic type is made raw
    private @Nullable TopicSubscription<B>[] all = new TopicSubscription[4];

    private int size;

    Audience(FrameBuilder<B> frames) {
        this.frames = frames;
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
