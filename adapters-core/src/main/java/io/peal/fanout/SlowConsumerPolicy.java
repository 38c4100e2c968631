package io.peal.fanout;

/**
 * What a connection gets of a topic whose messages come faster than it takes them. Whatever it is, messages come in the
 * order of the log, each at most once, and a connection that keeps up gets all of them.
 */
public enum SlowConsumerPolicy {

    /** Everything, late: it reads on in the log when it has room. For what must not be missed. */
    CATCH_UP,

    /** When it has room, of what has come meanwhile only the newest. For what each message says anew: prices, positions. */
    CONFLATE,

    /**
     * When it has room, nothing of what has come meanwhile; the application is told which positions, by {@link
     * ConnectionHandler#onGap}. For what is worthless when it is late.
     */
    DROP,

    /** It is closed with 1013 with the first message that it has no room for. For clients that are to load anew then. */
    DISCONNECT
}
