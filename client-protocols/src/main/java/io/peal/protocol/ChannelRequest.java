package io.peal.protocol;

import org.jspecify.annotations.Nullable;

/**
 * What a client wants of a channel.
 *
 * @param token for this channel, as the client's application gave it to the SDK; empty if there is none
 * @param data JSON: what is to be published, or what came with the subscription; null if nothing did
 */
public record ChannelRequest(
        ChannelAction action,
        String channel,
        String token,
        @Nullable String data) {}
