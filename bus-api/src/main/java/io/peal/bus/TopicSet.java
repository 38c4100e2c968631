package io.peal.bus;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The topics a {@link Reader} cares about: a mutable set that may change between two polls. Not thread-safe; it belongs
 * to the thread that polls the reader.
 *
 * <p>Built for the one question a reader asks for every message in the log: is a record with this hash and these name
 * bytes in the set? The answer costs one probe, makes no garbage, and is the set's own {@link Topic} instance. Open
 * addressing with linear probing and backward-shift deletion (Knuth, TAOCP volume 3, 6.4, algorithm R).
 */
public final class TopicSet {

    private static final int MIN_CAPACITY = 8;

    private @Nullable Topic[] table = new Topic[MIN_CAPACITY];
    private int size;

    /** An empty set. */
    public TopicSet() {}

    /** A set of these topics. */
    public static TopicSet of(Topic... topics) {
        TopicSet set = new TopicSet();
        for (Topic topic : topics) {
            set.add(topic);
        }
        return set;
    }

    /** Adds a topic; false if it was there. */
    public boolean add(Topic topic) {
        int slot = slotOf(topic);
        if (table[slot] != null) {
            return false;
        }
        table[slot] = topic;
        size++;
        if (size * 2 > table.length) {
            rehash(table.length * 2);
        }
        return true;
    }

    /** Removes a topic; false if it was not there. */
    public boolean remove(Topic topic) {
        int slot = slotOf(topic);
        if (table[slot] == null) {
            return false;
        }
        size--;
        closeHoleAt(slot);
        return true;
    }

    /** Whether the topic is in the set. */
    public boolean contains(Topic topic) {
        return table[slotOf(topic)] != null;
    }

    /** The set's topic with this {@linkplain Topic#hash() hash} and this name in UTF-8, or null. */
    public @Nullable Topic find(long hash, ByteBuffer source, int index, int length) {
        int mask = table.length - 1;
        for (int slot = home(hash, mask); ; slot = (slot + 1) & mask) {
            Topic topic = table[slot];
            if (topic == null || (topic.hash() == hash && topic.utf8Equals(source, index, length))) {
                return topic;
            }
        }
    }

    /** Whether a topic with this {@linkplain Topic#hash() hash} may be in the set: false means that it is not. */
    public boolean mayContain(long hash) {
        int mask = table.length - 1;
        for (int slot = home(hash, mask); ; slot = (slot + 1) & mask) {
            Topic topic = table[slot];
            if (topic == null || topic.hash() == hash) {
                return topic != null;
            }
        }
    }

    /** How many topics are in the set. */
    public int size() {
        return size;
    }

    /** Whether no topic is in the set. */
    public boolean isEmpty() {
        return size == 0;
    }

    /** The topics, in no order: a copy. */
    public List<Topic> toList() {
        List<Topic> topics = new ArrayList<>(size);
        for (Topic topic : table) {
            if (topic != null) {
                topics.add(topic);
            }
        }
        return topics;
    }

    @Override
    public String toString() {
        return toList().toString();
    }

    private int slotOf(Topic wanted) {
        int mask = table.length - 1;
        int slot = home(wanted.hash(), mask);
        for (Topic topic = table[slot]; topic != null && !topic.equals(wanted); topic = table[slot]) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void closeHoleAt(int hole) {
        int mask = table.length - 1;
        int empty = hole;
        table[empty] = null;
        int slot = (hole + 1) & mask;
        for (Topic topic = table[slot]; topic != null; topic = table[slot]) {
            int distanceFromHome = (slot - home(topic.hash(), mask)) & mask;
            int distanceFromEmpty = (slot - empty) & mask;
            if (distanceFromHome >= distanceFromEmpty) {
                table[empty] = topic;
                table[slot] = null;
                empty = slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    private void rehash(int capacity) {
        @Nullable Topic[] old = table;
        table = new Topic[capacity];
        for (Topic topic : old) {
            if (topic != null) {
                table[slotOf(topic)] = topic;
            }
        }
    }

    private static int home(long hash, int mask) {
        return (int) (hash ^ (hash >>> 32)) & mask;
    }
}
