package io.peal.fanout;

import io.peal.bus.ErrorHandler;
import io.peal.bus.Message;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Of a topic that is conflated by key, where each key's newest message stands: once for all connections of a shard, however
 * many of them are behind. It knows a bounded number of keys; of one it has forgotten, connections get every message. Belongs
 * to the shard's event loop.
 */
final class NewestOfKeys {

    static final int CAPACITY = 65_536;

    private final MessageKey keys;
    private final ErrorHandler errorHandler;
    private final int capacity;
    private final Map<Object, Long> newest = new LinkedHashMap<>(); // the oldest position first
    private long unknownUpTo; // behind this position there is no message whose key has no entry

    /** @param begin the position behind which messages are noted */
    NewestOfKeys(MessageKey keys, ErrorHandler errorHandler, int capacity, long begin) {
        this.keys = keys;
        this.errorHandler = errorHandler;
        this.capacity = capacity;
        this.unknownUpTo = begin;
    }

    /** Notes the message that has come now. */
    void note(Message message) {
        Object key = keyOf(message);
        if (key == null) {
            unknownUpTo = message.position();
            return;
        }
        newest.remove(key); // so that it is put at the end
        newest.put(key, message.position());
        if (newest.size() > capacity) {
            Iterator<Long> oldest = newest.values().iterator();
            unknownUpTo = Math.max(unknownUpTo, oldest.next());
            oldest.remove();
        }
    }

    /** Messages up to a position are lost, whatever their keys. */
    void lost(long last) {
        unknownUpTo = last;
    }

    /** Whether a newer message with the same key is known. */
    boolean isSuperseded(Message message) {
        Object key = keyOf(message);
        Long known = key == null ? null : newest.get(key);
        return known != null && known > message.position();
    }

    /** The position before the first message behind {@code position} that none has superseded. */
    long beforeFirstBehind(long position) {
        if (position < unknownUpTo) {
            return position;
        }
        for (long first : newest.values()) {
            if (first > position) {
                return first - 1;
            }
        }
        return position;
    }

    private @Nullable Object keyOf(Message message) {
        try {
            return keys.of(message);
        } catch (RuntimeException | Error e) { // of the application: the message is sent all the same
            errorHandler.onError(e);
            return null;
        }
    }
}
