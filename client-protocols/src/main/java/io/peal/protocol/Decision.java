package io.peal.protocol;

/** Whether a client may do something. */
public sealed interface Decision {

    /** It may. */
    static Decision allow() {
        return Allowed.INSTANCE;
    }

    /** It may not; the client is told why. */
    static Decision refuse(ClientError error) {
        return new Refused(error);
    }

    /** See {@link Decision#allow()}. */
    enum Allowed implements Decision {
        /** The only one. */
        INSTANCE
    }

    /** See {@link Decision#refuse}. */
    record Refused(ClientError error) implements Decision {}
}
