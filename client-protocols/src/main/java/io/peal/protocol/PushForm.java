package io.peal.protocol;

import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.fanout.MessageForm;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

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

        private static final int KEPT_HEADS = 4_096;

        private final Function<Topic, String> channelOf;
        private final JsonBuffer json = new JsonBuffer();
        private final Map<Topic, byte[]> heads = new HashMap<>(); // what is before a topic's messages; of the last ones

        PushEncoder(Function<Topic, String> channelOf) {
            this.channelOf = channelOf;
        }

        @Override
        public PayloadKind kindOf(Message message) {
            return PayloadKind.TEXT;
        }

        @Override
        public ByteBuffer payloadOf(Message message) {
            byte[] head = heads.get(message.topic());
            if (head == null) {
                head = remember(message.topic());
            }
            json.clear();
            return json.raw(head).publication(message).raw("}}").written();
        }

        private byte[] remember(Topic topic) {
            if (heads.size() == KEPT_HEADS) {
                heads.clear();
            }
            byte[] head = headOf(channelOf.apply(topic));
            heads.put(topic, head);
            return head;
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
