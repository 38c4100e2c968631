package io.peal.fanout;

import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * Whether messages are compressed (RFC 7692, permessage-deflate) for clients that offer it: immutable. A message is
 * compressed once for all connections of an event loop, because what is sent refers to no earlier message; so a connection
 * costs no compressor and no window.
 */
public final class Compression {

    private static final Compression OFF = new Compression(false, 0, 0);
    private static final Compression SHARED = new Compression(true, 256, 6);

    private final boolean on;
    private final int minLength;
    private final int level;

    private Compression(boolean on, int minLength, int level) {
        this.on = on;
        this.minLength = minLength;
        this.level = level;
    }

    /** No compression: the extension is not agreed on. */
    public static Compression off() {
        return OFF;
    }

    /**
     * Compression of messages of at least 256 bytes. It costs processor time, and it tells the length of what is
     * compressed: a message that mixes a secret with text of an attacker's choice should not be compressed.
     */
    public static Compression shared() {
        return SHARED;
    }

    /** The same from another length of a message on, in bytes, at least 1. */
    public Compression minLength(int bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("minLength is " + bytes + ", at least 1 is needed");
        }
        return new Compression(on, bytes, level);
    }

    /** The same with another effort, from 1, the fastest, to 9; 6 by default. */
    public Compression level(int effort) {
        if (effort < Deflater.BEST_SPEED || effort > Deflater.BEST_COMPRESSION) {
            throw new IllegalArgumentException("level is " + effort + ", 1 to 9 are possible");
        }
        return new Compression(on, minLength, effort);
    }

    /**
     * What a client that wants this is answered as {@code Sec-WebSocket-Extensions}: for adapters.
     *
     * @return null if nothing is compressed for it, because it offers nothing that can be accepted, or because this is off
     */
    public @Nullable String answerTo(UpgradeRequest request) {
        return on ? DeflateOffer.answer(request.headers("Sec-WebSocket-Extensions")) : null;
    }

    /** Whether clients that offer it get it. */
    public boolean isOn() {
        return on;
    }

    /** The length of a payload from which on it is compressed, in bytes. */
    public int minLength() {
        return minLength;
    }

    /** The effort, from 1 to 9. */
    public int level() {
        return level;
    }
}
