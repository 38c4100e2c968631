package io.peal.fanout;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A client's request to become a connection. Immutable, and valid for as long as somebody keeps it. */
public final class UpgradeRequest {

    private final String method;
    private final String uri;
    private final Function<String, List<String>> headers;
    private final @Nullable InetSocketAddress remoteAddress;

    /**
     * For adapters.
     *
     * @param headers the values of a header, by its name in any case
     * @param remoteAddress null if it is none of the Internet's
     */
    public UpgradeRequest(
            String method,
            String uri,
            Function<String, List<String>> headers,
            @Nullable InetSocketAddress remoteAddress) {
        this.method = method;
        this.uri = uri;
        this.headers = headers;
        this.remoteAddress = remoteAddress;
    }

    /** The method of HTTP; it is GET if it comes to an authenticator. */
    public String method() {
        return method;
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
        List<String> values = headers(name);
        return values.isEmpty() ? null : values.get(0);
    }

    /** All values of a header, each as it came. */
    public List<String> headers(String name) {
        return headers.apply(name);
    }

    /** The other end of the TCP connection, which may be a proxy; null if it is none of the Internet's. */
    public @Nullable InetSocketAddress remoteAddress() {
        return remoteAddress;
    }
}
