package io.peal.fanout;

/**
 * Where a connection's bytes go: what an adapter gives for each connection. Called on the connection's event loop only.
 *
 * @param <B> the adapter's buffers
 */
public interface Outlet<B> {

    /** Called once, and first: where to report what happens to the connection. */
    void open(Inlet inlet);

    /** Whether there is room: as long as this is false, messages of the log are not written. */
    boolean writable();

    /** Writes frames without flushing. They stay the caller's; what is kept beyond this call is the outlet's business. */
    void write(FrameRun<B> frames);

    /** Sends what was written. */
    void flush();

    /** Sends a ping. */
    void ping();

    /** Whether something came from the client since this was last asked, of an adapter that does not report it. */
    default boolean hasHeard() {
        return false;
    }

    /** Begins the closing handshake, behind what was written. Called at most once. */
    void close(int code, String reason);
}
