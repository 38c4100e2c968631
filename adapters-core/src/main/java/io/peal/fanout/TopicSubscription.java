package io.peal.fanout;

import io.peal.bus.Topic;

/** One connection's subscription to one topic. Belongs to the shard's event loop. */
final class TopicSubscription<F> {

    final ShardConnection<F> connection;
    final Topic topic;

    /** The place in {@link TopicSubscribers}, kept by it. */
    int index = -1;

    /** What the client has, or does not want: only messages behind this position are for it. */
    long after;

    TopicSubscription(ShardConnection<F> connection, Topic topic, long after) {
        this.connection = connection;
        this.topic = topic;
        this.after = after;
    }
}
