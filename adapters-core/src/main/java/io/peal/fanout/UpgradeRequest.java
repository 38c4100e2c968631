package io.peal.fanout;

import java.net.InetSocketAddress;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A client's request to become a connection. Immutable, and valid for as long as somebody keeps it. */
public final class UpgradeRequest {

    private final String uri;
    private final UnaryOperator<@Nullable String> headers;
    private final @Nullable InetSocketAddress remoteAddress;

    /**
     * For adapters.
     *
     * @param headers the first value of a header, by its name in any case, or null
     * @param remoteAddress null if it is none of the Internet's
     */
    public UpgradeRequest(
            String uri, UnaryOperator<@Nullable String> headers, @Nullable InetSocketAddress remoteAddress) {
        this.uri = uri;
        this.headers = headers;
        this.remoteAddress = remoteAddress;
    }

    /** The path and query, as the client sent them. */
    public String uri() {
        return uri;
    }

    /** The first value of a query parameter, decoded; null if it is not there. */
    public @Nullable String queryParameter(String name) {
        return Query.parameter(uri, name);
    }

    /** The first value of a header; null if it is not there. */
    public @Nullable String header(String name) {
        return headers.apply(name);
    }

    /** The other end of the TCP connection, which may be a proxy; null if it is none of the Internet's. */
    public @Nullable InetSocketAddress remoteAddress() {
        return remoteAddress;
    }
}
