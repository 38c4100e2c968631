package io.peal.bus;

/** Reading cannot begin completely where it was asked to; it would be partial, so it is refused (G8). */
public class PositionUnavailableException extends BusException {

    private static final long serialVersionUID = 1L;

    /** Why a position is of no use. */
    public enum Reason {
        /** It belongs to another life of the bus, or to another bus. */
        OTHER_EPOCH,
        /** Messages after it are no longer kept. */
        TRIMMED,
        /** It is beyond the newest message. */
        NOT_YET_WRITTEN
    }

    private final Reason reason;

    /** Refused for {@code reason}. */
    public PositionUnavailableException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }

    /**
     * Checks a position against a log, the same way on every bus.
     *
     * @param oldest the position of the oldest message still kept, or of the first to come
     * @param newest the position of the newest message, 0 if there is none
     */
    public static void checkAvailable(Position position, long epoch, long oldest, long newest) {
        if (position.epoch() != epoch) {
            throw new PositionUnavailableException(
                    Reason.OTHER_EPOCH,
                    String.format(
                            "position %s is of another life of the bus (this one is %016x): load the state anew",
                            position, epoch));
        }
        if (position.value() > newest) {
            throw new PositionUnavailableException(
                    Reason.NOT_YET_WRITTEN,
                    "position " + position + " was never written, the newest is " + newest + ": the token is not ours");
        }
        if (position.value() < oldest - 1) {
            throw new PositionUnavailableException(
                    Reason.TRIMMED,
                    "position " + position + " is too old, the oldest message kept is " + oldest
                            + ": load the state anew, or keep messages longer");
        }
    }
}
