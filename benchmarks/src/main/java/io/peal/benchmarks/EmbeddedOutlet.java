package io.peal.benchmarks;

import io.peal.fanout.FrameRun;
import io.peal.fanout.Inlet;
import io.peal.fanout.Outlet;
import java.nio.ByteBuffer;

/** A connection without a socket: it counts the bytes that it would send, and always has room. */
final class EmbeddedOutlet implements Outlet<ByteBuffer> {

    private final boolean compressed;
    private long sent;

    EmbeddedOutlet(boolean compressed) {
        this.compressed = compressed;
    }

    long sent() {
        return sent;
    }

    @Override
    public void open(Inlet inlet) {
        // nothing will come from it
    }

    @Override
    public boolean writable() {
        return true;
    }

    @Override
    public void write(FrameRun<ByteBuffer> frames) {
        sent += (compressed ? frames.deflated() : frames.plain()).remaining();
    }

    @Override
    public void flush() {
        // there is no socket
    }

    @Override
    public void ping() {
        // nor a client
    }

    @Override
    public void close(int code, String reason) {
        // nothing to be closed
    }
}
