package io.peal.bus;

/** Where reading begins. */
public sealed interface StartFrom {

    /** Behind the newest message: only what is published from now on. */
    static StartFrom latest() {
        return Latest.INSTANCE;
    }

    /** At the oldest message that is still kept. */
    static StartFrom earliest() {
        return Earliest.INSTANCE;
    }

    /**
     * Right behind a position, complete: everything after it, or {@link PositionUnavailableException} with the reason.
     */
    static StartFrom after(Position position) {
        return new After(position);
    }

    /** See {@link StartFrom#latest()}. */
    enum Latest implements StartFrom {
        /** The only one. */
        INSTANCE
    }

    /** See {@link StartFrom#earliest()}. */
    enum Earliest implements StartFrom {
        /** The only one. */
        INSTANCE
    }

    /** See {@link StartFrom#after(Position)}. */
    record After(Position position) implements StartFrom {}
}
