package io.peal.fanout;

import io.peal.bus.PayloadKind;
import java.nio.ByteBuffer;

/**
 * Encodes messages into finished WebSocket frames, several behind each other. One for each shard, called on its event loop.
 *
 * @param <F> finished frames that can be written to any number of connections
 */
public interface FrameBuilder<F> {

    /** Appends a message as one unfragmented, unmasked frame; the payload's position may move. */
    void append(PayloadKind kind, ByteBuffer payload);

    /** The length of what was appended since {@link #finish()}, in bytes. */
    int length();

    /** What was appended, finished; the caller {@linkplain #release releases} it. */
    F finish();

    /** Gives up the caller's hold on finished frames. */
    void release(F frames);
}
