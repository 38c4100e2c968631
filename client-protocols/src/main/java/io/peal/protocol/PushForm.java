package io.peal.protocol;

import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.fanout.MessageForm;
import java.nio.ByteBuffer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A message as the protocol pushes it: {@code {"push":{"channel":"news","pub":{"data":{},"offset":7}}}}, the same bytes for
 * every client. Immutable.
 */
final class PushForm implements MessageForm {

    private final Function<Topic, String> channelOf;

    PushForm(Function<Topic, String> channelOf) {
        this.channelOf = channelOf;
    }

    @Override
    public Encoder newEncoder() {
        return new PushEncoder(channelOf);
    }

    /** Belongs to one event loop. */
    private static final class PushEncoder implements Encoder {

        private final Function<Topic, String> channelOf;
        private final JsonBuffer json = new JsonBuffer();
        private @Nullable Topic topic; // the last message's
        private byte[] head = {}; // what is before that topic's messages

        PushEncoder(Function<Topic, String> channelOf) {
            this.channelOf = channelOf;
        }

        @Override
        public PayloadKind kindOf(Message message) {
            return PayloadKind.TEXT;
        }

        @Override
        public ByteBuffer payloadOf(Message message) {
            Topic of = message.topic();
            if (topic == null || !topic.equals(of)) {
                head = headOf(channelOf.apply(of));
                topic = of;
            }
            json.clear();
            return json.raw(head).publication(message).raw("}}").written();
        }

        private static byte[] headOf(String channel) {
            return new JsonBuffer()
                    .raw("{\"push\":{\"channel\":")
                    .string(channel)
                    .raw(",\"pub\":")
                    .copy();
        }
    }
}
