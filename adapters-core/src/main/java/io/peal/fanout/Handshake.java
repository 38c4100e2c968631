package io.peal.fanout;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Whether a request is the beginning of a WebSocket connection at all (RFC 6455 section 4.2.1). */
final class Handshake {

    private static final String VERSION = "13";
    private static final int UPGRADE_REQUIRED = 426;
    private static final int BAD_REQUEST = 400;
    private static final Map<String, String> HOW_IT_WOULD_WORK =
            Map.of("Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", VERSION);

    private Handshake() {}

    /** What is wrong with it; null if nothing is. */
    static Admission.@Nullable Refused problemOf(UpgradeRequest request) {
        boolean asks = request.method().equals("GET")
                && hasToken(request.headers("Upgrade"), "websocket")
                && hasToken(request.headers("Connection"), "upgrade");
        if (!asks) {
            return refused(UPGRADE_REQUIRED, "this is a WebSocket endpoint\n");
        }
        if (!VERSION.equals(request.header("Sec-WebSocket-Version"))) {
            return refused(UPGRADE_REQUIRED, "only version " + VERSION + " of the protocol is spoken here\n");
        }
        return request.header("Sec-WebSocket-Key") == null
                ? new Admission.Refused(BAD_REQUEST, "Sec-WebSocket-Key is missing\n", Map.of())
                : null;
    }

    private static Admission.Refused refused(int status, String reason) {
        return new Admission.Refused(status, reason, HOW_IT_WOULD_WORK);
    }

    private static boolean hasToken(List<String> values, String token) {
        for (String value : values) {
            for (String part : value.split(",", -1)) {
                if (part.strip().equalsIgnoreCase(token)) {
                    return true;
                }
            }
        }
        return false;
    }
}
