package io.peal.protocol;

/**
 * Why this protocol closes a connection. SDKs come back by themselves after codes from 3000 to 3499 and 4000 to 4499, and
 * after those below 3000; they do not after 3500 to 3999 and 4500 to 4999. An application's own codes begin at 4000.
 */
public final class DisconnectCode {

    /** Something failed here. */
    public static final int SERVER_ERROR = 3004;
    /** The client has not answered a ping. */
    public static final int NO_PONG = 3012;
    /** More commands than can be waited for. */
    public static final int TOO_MANY_REQUESTS = 3013;
    /** The token is none. */
    public static final int INVALID_TOKEN = 3500;
    /** The client does not keep the protocol. */
    public static final int BAD_REQUEST = 3501;
    /** The client has not said who it is in time. */
    public static final int STALE = 3502;
    /** The client is to go, and not to come back. */
    public static final int FORCE_NO_RECONNECT = 3503;
    /** A frame that is no text. */
    public static final int INAPPROPRIATE_PROTOCOL = 3506;

    private DisconnectCode() {}
}
