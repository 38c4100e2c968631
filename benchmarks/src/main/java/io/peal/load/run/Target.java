package io.peal.load.run;

import java.net.InetSocketAddress;
import java.net.URI;

/**
 * What is loaded, and how clients talk to it.
 *
 * @param uri of the WebSocket
 * @param hello what a raw client sends first, empty for nothing
 * @param deflate whether clients offer permessage-deflate
 * @param echoes whether each client is to get what it has sent itself, and that alone is judged
 */
record Target(URI uri, WireProtocol protocol, String channel, String hello, boolean deflate, boolean echoes) {

    Target {
        if (!"ws".equals(uri.getScheme()) || uri.getHost() == null) {
            throw new IllegalArgumentException("'" + uri + "' is no address such as ws://localhost:8080/path");
        }
    }

    InetSocketAddress address() {
        return new InetSocketAddress(uri.getHost(), uri.getPort() < 0 ? 80 : uri.getPort());
    }
}
