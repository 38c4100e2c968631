package io.peal.fanout;

import io.peal.bus.Message;
import org.jspecify.annotations.Nullable;

/**
 * What a message of a conflated topic is about: a newer one with an equal key makes it worthless. Called on event loops, for
 * each message of the topic and again for each that a connection was too slow for, so it should be cheap; it must give the
 * same each time.
 */
@FunctionalInterface
public interface MessageKey {

    /**
     * What the message is about.
     *
     * @param message valid during the call only: what is kept of it has to be copied
     * @return an immutable object with {@code equals} and {@code hashCode}; null if no other message replaces this one
     */
    @Nullable
    Object of(Message message);
}
