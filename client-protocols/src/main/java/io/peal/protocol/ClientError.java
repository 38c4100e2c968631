package io.peal.protocol;

/**
 * Why a command of a client is not done: what its SDK is told. Codes below 1000 are the protocol's, an application's own
 * begin there.
 *
 * @param temporary whether it may succeed if it is tried again; SDKs do so by themselves with subscriptions
 */
public record ClientError(int code, String message, boolean temporary) {

    /** Something failed here. */
    public static final ClientError INTERNAL = new ClientError(100, "internal server error", true);
    /** The client is nobody known. */
    public static final ClientError UNAUTHORIZED = new ClientError(101, "unauthorized", false);
    /** There is no such channel. */
    public static final ClientError UNKNOWN_CHANNEL = new ClientError(102, "unknown channel", false);
    /** The client may not do this. */
    public static final ClientError PERMISSION_DENIED = new ClientError(103, "permission denied", false);
    /** There is no such method. */
    public static final ClientError METHOD_NOT_FOUND = new ClientError(104, "method not found", false);
    /** It is subscribed already. */
    public static final ClientError ALREADY_SUBSCRIBED = new ClientError(105, "already subscribed", false);
    /** More, or longer, than is allowed. */
    public static final ClientError LIMIT_EXCEEDED = new ClientError(106, "limit exceeded", false);
    /** Something is missing in the command, or does not fit. */
    public static final ClientError BAD_REQUEST = new ClientError(107, "bad request", false);
    /** This server does not offer it. */
    public static final ClientError NOT_AVAILABLE = new ClientError(108, "not available", false);
    /** The token is too old: SDKs ask the application for a new one, and try again. */
    public static final ClientError TOKEN_EXPIRED = new ClientError(109, "token expired", false);
    /** Too much at once. */
    public static final ClientError TOO_MANY_REQUESTS = new ClientError(111, "too many requests", true);
    /** What comes after this position is not complete any more. */
    public static final ClientError UNRECOVERABLE_POSITION = new ClientError(112, "unrecoverable position", false);

    /** @throws IllegalArgumentException if the code is not from 100 to 65535 */
    public ClientError {
        if (code < 100 || code > 65_535) {
            throw new IllegalArgumentException("code is " + code + ", it is from 100 to 65535");
        }
    }
}
