package io.peal.protocol;

import org.jspecify.annotations.Nullable;

/**
 * What a client says of itself when it connects.
 *
 * @param token as its application gave it to the SDK; empty if there is none
 * @param data JSON from the client's application, or null
 * @param name of the SDK, as it says
 * @param version of the SDK, as it says
 */
public record ConnectRequest(String token, @Nullable String data, String name, String version) {}
