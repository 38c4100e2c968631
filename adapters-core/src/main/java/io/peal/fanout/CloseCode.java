package io.peal.fanout;

/** Why a connection is closed: the codes that Peal sends or reports (RFC 6455 section 7.4, and the IANA registry). */
public final class CloseCode {

    /** Done. */
    public static final int NORMAL = 1000;
    /** The server goes away. */
    public static final int GOING_AWAY = 1001;
    /** The client broke the protocol. */
    public static final int PROTOCOL_ERROR = 1002;
    /** The client closed without a code; reported, never sent. */
    public static final int NO_STATUS = 1005;
    /** The connection broke; reported, never sent. */
    public static final int ABNORMAL = 1006;
    /** The client sent text that is not UTF-8. */
    public static final int INVALID_PAYLOAD = 1007;
    /** The client asked for something that is refused. */
    public static final int POLICY_VIOLATION = 1008;
    /** The client sent a frame or message that is too long. */
    public static final int MESSAGE_TOO_BIG = 1009;
    /** The application failed. */
    public static final int INTERNAL_ERROR = 1011;
    /** The server restarts: come back at once. */
    public static final int SERVICE_RESTART = 1012;
    /** The client is too slow, or the server overloaded: come back later. */
    public static final int TRY_AGAIN_LATER = 1013;

    private CloseCode() {}
}
