package io.peal.bus;

/** A callback for the messages of a log, called in their order, one at a time. */
@FunctionalInterface
public interface Subscriber {

    /**
     * The next message. The view is valid until this returns. What is thrown goes to the caller of {@link Reader#poll},
     * or for a subscription to the bus's {@link ErrorHandler}; either way the message counts as delivered.
     */
    void onMessage(Message message);

    /**
     * Positions that can no longer be delivered, told exactly once and in order with the messages around them. They
     * may, but need not, have been messages of a topic that is subscribed to.
     */
    default void onGap(Gap gap) {}
}
