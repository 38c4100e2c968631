package io.peal.fanout;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The query of a request target (RFC 3986 section 3.4), as forms write it. */
final class Query {

    private Query() {}

    /** The first value of a parameter, decoded; null if it is missing or its encoding is broken. */
    static @Nullable String parameter(String uri, String name) {
        int queryAt = uri.indexOf('?') + 1;
        if (queryAt == 0) {
            return null;
        }
        for (String pair : uri.substring(queryAt).split("&", -1)) {
            int equals = pair.indexOf('=');
            String key = equals < 0 ? pair : pair.substring(0, equals);
            if (name.equals(decode(key))) {
                return equals < 0 ? "" : decode(pair.substring(equals + 1));
            }
        }
        return null;
    }

    private static @Nullable String decode(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException brokenEscape) {
            return null;
        }
    }
}
