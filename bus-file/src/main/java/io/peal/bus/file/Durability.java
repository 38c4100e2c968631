package io.peal.bus.file;

import java.time.Duration;

/**
 * What survives when the machine itself stops, by a power cut or a crash of its kernel. However this is chosen, a message
 * whose publication has returned survives the death of every process, and nothing here matters on a tmpfs, which is gone
 * with the machine.
 */
public sealed interface Durability {

    /** Nothing is forced to the disk: what the operating system has written by itself survives. The default. */
    static Durability none() {
        return None.INSTANCE;
    }

    /**
     * The log is forced to the disk again and again, in the background: what was published longer ago than the pause and one
     * write of the disk survives.
     *
     * @param pause from the end of one time to the beginning of the next, at least a millisecond
     */
    static Durability periodic(Duration pause) {
        return new Periodic(pause);
    }

    /**
     * Publishing returns when the message and everything before it are on the disk; threads that publish at the same time
     * share one write. Readers may see the message before that.
     */
    static Durability sync() {
        return Sync.INSTANCE;
    }

    /** See {@link Durability#none()}. */
    enum None implements Durability {
        /** The only one. */
        INSTANCE
    }

    /** See {@link Durability#periodic(Duration)}. */
    record Periodic(Duration pause) implements Durability {

        /** See {@link Durability#periodic(Duration)}. */
        public Periodic {
            if (pause.toMillis() < 1) {
                throw new IllegalArgumentException("the pause is " + pause + ", at least a millisecond is needed");
            }
        }
    }

    /** See {@link Durability#sync()}. */
    enum Sync implements Durability {
        /** The only one. */
        INSTANCE
    }
}
