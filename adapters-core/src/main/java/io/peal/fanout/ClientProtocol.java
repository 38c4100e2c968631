package io.peal.fanout;

/**
 * What is said to the clients of an endpoint beyond raw messages: a handler that also gives messages of the log another
 * form. It is handed to an adapter as any handler is.
 */
public interface ClientProtocol extends ConnectionHandler {

    /** How messages of the log look to its clients; always the same instance. */
    MessageForm form();

    /**
     * Called for each open connection on its event loop, at least three times in the time of {@link Limits#pingAfter()}: for
     * what has to be said or checked now and then.
     */
    default void onBeat(Connection connection) {}
}
