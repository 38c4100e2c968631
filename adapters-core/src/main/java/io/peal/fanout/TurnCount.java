package io.peal.fanout;

import io.peal.bus.Message;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What one turn of a shard has done, for those who are told, and to see when it is enough. Belongs to the shard's event loop. */
final class TurnCount {

    private int messages;
    private long deliveries;
    private long bytes;
    private long oldestUs;
    private int built;

    /** A new turn begins. */
    void begin() {
        messages = 0;
        deliveries = 0;
        bytes = 0;
        oldestUs = Long.MAX_VALUE;
        built = 0;
    }

    /** A message of the log was read that somebody subscribes to. */
    void read(Message message) {
        messages++;
        oldestUs = Math.min(oldestUs, message.timestampUs());
    }

    /** Frames were built, of this length in bytes, whoever gets them. */
    void built(int length) {
        built += length;
    }

    /** The length of all frames that were built. */
    int built() {
        return built;
    }

    /** So many messages, of this length in bytes together, were written to one connection. */
    void delivered(int count, int length) {
        deliveries += count;
        bytes += length;
    }

    /** Tells what the turn has done, if that is anything. */
    void tell(Signals signals, FanoutEvents.@Nullable Turn event) {
        if (messages > 0 || deliveries > 0) {
            long delayUs = oldestUs == Long.MAX_VALUE ? 0 : Math.max(0, nowUs() - oldestUs);
            signals.turnEnded(messages, deliveries, bytes, delayUs);
        }
        if (event != null && event.shouldCommit()) {
            event.messages = messages;
            event.deliveries = deliveries;
            event.bytes = bytes;
            event.commit();
        }
    }

    private static long nowUs() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000;
    }
}
