package io.peal.protocol;

import io.peal.bus.Position;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a client has sent: one command with the fields that any of them may have. Filled by its reader, then not changed. */
final class Command {

    /** Which it is, with its name in JSON. */
    enum Kind {
        CONNECT("connect"),
        SUBSCRIBE("subscribe"),
        UNSUBSCRIBE("unsubscribe"),
        PUBLISH("publish"),
        HISTORY("history"),
        RPC("rpc"),
        SEND("send"),
        PING("ping"),
        PRESENCE("presence"),
        PRESENCE_STATS("presence_stats"),
        REFRESH("refresh"),
        SUB_REFRESH("sub_refresh"),
        /** An empty object: the answer to a ping. */
        PONG("");

        private static final Map<String, Kind> BY_TITLE = new HashMap<>();

        static {
            for (Kind kind : values()) {
                BY_TITLE.put(kind.title, kind);
            }
        }

        final String title;

        Kind(String title) {
            this.title = title;
        }

        static @Nullable Kind of(String title) {
            return title.isEmpty() ? null : BY_TITLE.get(title);
        }
    }

    /** Where a client wants to go on in a channel. */
    static final class Place {

        boolean recover;
        long offset;
        String epoch = "";

        /** Nowhere: it begins with what comes, and it is said that this is not what was asked for. */
        static Place lost() {
            Place nowhere = new Place();
            nowhere.recover = true;
            return nowhere;
        }

        /** As the bus knows it; null if it is of no bus. */
        @Nullable
        Position position() {
            try {
                return Position.parse(epoch + "-" + offset);
            } catch (IllegalArgumentException noEpoch) {
                return null;
            }
        }
    }

    long id;
    Kind kind = Kind.PONG;
    String channel = "";
    String token = "";
    String method = "";
    String name = "";
    String version = "";
    byte @Nullable [] data; // JSON
    int limit;
    boolean reverse;
    Place place = new Place(); // of the subscription

    @Nullable
    Place since; // of the history

    Map<String, Place> subs = Map.of(); // by channel: where those go on that the client has not asked for
}
