package io.peal.protocol;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** One client of a {@link CentrifugeProtocol}, as the application sees it. Thread-safe. When it is gone, calls do nothing. */
public interface CentrifugeClient {

    /** A random name of this connection, which the client knows, too. */
    String id();

    /** Whom it speaks for, as {@link CentrifugeApplication#onConnect} said; empty before. */
    String user();

    /** The path and query of the upgrade request, as the client sent it. */
    String uri();

    /** The channels it is subscribed to now. */
    List<String> channels();

    /**
     * Sends JSON to this client only, as a {@code message}; it is lost if the connection breaks.
     *
     * @throws IllegalArgumentException if it is not JSON
     */
    void send(String json);

    /** Subscribes it to what is published from now on, without having been asked; not if it is already. */
    void subscribe(String channel);

    /** Ends a subscription, whoever has begun it. */
    void unsubscribe(String channel);

    /** Closes the connection with a {@link DisconnectCode}, or one of the application's own. */
    void disconnect(int code, String reason);

    /** What the application keeps with the client: at first what the fanout's authenticator gave, or null. */
    @Nullable
    Object attachment();

    /** Keeps something with the client. */
    void attach(@Nullable Object attachment);
}
