package io.peal.fanout;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which web pages may connect: a browser lets any page of the world open a WebSocket, with the user's cookies, and only
 * says in the header {@code Origin} which page it was (RFC 6455 section 10.2). Programs that are no browsers send none, and
 * are let in: they have no cookies of somebody else. Immutable.
 */
public final class OriginPolicy {

    private static final OriginPolicy SAME_HOST = new OriginPolicy(List.of(), false);
    private static final OriginPolicy ANY = new OriginPolicy(List.of(), true);
    private static final int NO_PORT = -1;
    private static final String AUTHORITY = "://";

    private final List<String> allowed;
    private final boolean any;

    private OriginPolicy(List<String> allowed, boolean any) {
        this.allowed = allowed;
        this.any = any;
    }

    /**
     * Pages of the host and port that the request is for, by its header {@code Host}. A proxy has to pass that header on as
     * it is, or the origins have to be {@linkplain #and allowed}.
     */
    public static OriginPolicy sameHost() {
        return SAME_HOST;
    }

    /** Any page: for endpoints that show everybody the same, or ask for a token that no cookie holds. */
    public static OriginPolicy any() {
        return ANY;
    }

    /**
     * The same, and the pages of these origins.
     *
     * @param origins as browsers write them: {@code https://app.example.org}, with a port only if it is not the usual one
     */
    public OriginPolicy and(String... origins) {
        List<String> more = new ArrayList<>(allowed);
        for (String origin : origins) {
            URI parsed = parse(origin);
            if (parsed == null || !parsed.getRawPath().isEmpty()) {
                throw new IllegalArgumentException(
                        "origin is '" + origin + "': a scheme and a host are needed, no path");
            }
            more.add(origin.toLowerCase(Locale.ROOT));
        }
        return new OriginPolicy(List.copyOf(more), any);
    }

    /** Whether a page of an origin may connect to a host; both are the request's headers. */
    public boolean allows(@Nullable String origin, @Nullable String host) {
        return any || origin == null || allowed.contains(origin.toLowerCase(Locale.ROOT)) || isOfHost(origin, host);
    }

    private static boolean isOfHost(String origin, @Nullable String host) {
        if (host == null) {
            return false;
        }
        int authorityAt = origin.indexOf(AUTHORITY) + AUTHORITY.length();
        if (authorityAt > AUTHORITY.length() && origin.substring(authorityAt).equalsIgnoreCase(host)) {
            return true; // also of hosts with names that a URI cannot have, as my_service
        }
        URI from = parse(origin);
        URI to = parse("any" + AUTHORITY + host);
        return from != null
                && to != null
                && from.getHost().equalsIgnoreCase(to.getHost())
                && portOf(from, from.getScheme()) == portOf(to, from.getScheme());
    }

    private static int portOf(URI uri, String scheme) {
        if (uri.getPort() != NO_PORT) {
            return uri.getPort();
        }
        return switch (scheme.toLowerCase(Locale.ROOT)) {
            case "http" -> 80;
            case "https" -> 443;
            default -> NO_PORT;
        };
    }

    private static @Nullable URI parse(String text) {
        try {
            URI uri = new URI(text);
            return uri.getScheme() == null || uri.getHost() == null ? null : uri;
        } catch (URISyntaxException notAnOrigin) {
            return null;
        }
    }
}
