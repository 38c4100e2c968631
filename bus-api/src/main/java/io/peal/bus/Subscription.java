package io.peal.bus;

/** The handle that ends something that was begun: a subscription, a listener. */
@FunctionalInterface
public interface Subscription extends AutoCloseable {

    /**
     * Ends it. Idempotent, from any thread. A callback that is running in another thread may still be running when this
     * returns; none begins afterwards.
     */
    @Override
    void close();
}
