package io.peal.fanout;

import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import java.nio.ByteBuffer;

/** Leaves messages as they are. Thread-safe. */
final class RawEncoder implements MessageForm.Encoder {

    static final MessageForm FORM = RawEncoder::new;

    private RawEncoder() {}

    @Override
    public PayloadKind kindOf(Message message) {
        return message.kind();
    }

    @Override
    public ByteBuffer payloadOf(Message message) {
        return message.payload();
    }
}
