package io.peal.protocol;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The answer to a {@link ConnectRequest}. */
public sealed interface ConnectAnswer {

    /** The client is let in as this user, subscribed to nothing. */
    static Accepted accept(String user) {
        return new Accepted(user, null, List.of());
    }

    /** The client is told this error; SDKs try again if it is temporary, or if a token has expired. */
    static ConnectAnswer refuse(ClientError error) {
        return new Refused(error);
    }

    /** The connection is closed: with {@link DisconnectCode#INVALID_TOKEN}, for example. */
    static ConnectAnswer disconnect(int code, String reason) {
        return new Disconnected(code, reason);
    }

    /**
     * See {@link ConnectAnswer#accept}.
     *
     * @param user whom the client speaks for; empty if that is nobody in particular
     * @param data JSON for the client, or null
     * @param channels that the client is subscribed to without asking
     */
    record Accepted(String user, @Nullable String data, List<String> channels) implements ConnectAnswer {

        /** @throws IllegalArgumentException if the data is not JSON */
        public Accepted {
            channels = List.copyOf(channels);
            if (data != null) {
                Json.check(data);
            }
        }

        /** The same with JSON for the client. */
        public Accepted data(String json) {
            return new Accepted(user, json, channels);
        }

        /** The same, subscribed to these channels; the client's SDK recovers them as those it subscribes to itself. */
        public Accepted channels(String... names) {
            return new Accepted(user, data, List.of(names));
        }
    }

    /** See {@link ConnectAnswer#refuse}. */
    record Refused(ClientError error) implements ConnectAnswer {}

    /** See {@link ConnectAnswer#disconnect}. */
    record Disconnected(int code, String reason) implements ConnectAnswer {}
}
