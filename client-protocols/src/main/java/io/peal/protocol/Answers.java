package io.peal.protocol;

import io.peal.bus.Position;
import org.jspecify.annotations.Nullable;

/**
 * What a client is told, collected until it is sent in one frame. Each begins an object of its own. Belongs to the client's
 * event loop.
 */
final class Answers {

    private final JsonBuffer json = new JsonBuffer();

    JsonBuffer json() {
        return json;
    }

    /** The beginning of the answer to a command, to be followed by its result and {@link #end()}. */
    JsonBuffer begin(Command command) {
        return next().raw("{\"id\":")
                .number(command.id)
                .raw(",\"")
                .raw(command.kind.title)
                .raw("\":");
    }

    void end() {
        json.raw("}");
    }

    /** The answer to a command that has nothing to say but that it is done. */
    void done(Command command) {
        begin(command).raw("{}");
        end();
    }

    void error(Command command, ClientError error) {
        next().raw("{\"id\":").number(command.id).raw(",\"error\":{\"code\":").number(error.code());
        json.raw(",\"message\":").string(error.message());
        json.raw(error.temporary() ? ",\"temporary\":true}}" : "}}");
    }

    void ping() {
        next().raw("{}");
    }

    /** The beginning of a push about a channel, to be followed by the value of {@code what} and two ends. */
    JsonBuffer push(String channel, String what) {
        return next().raw("{\"push\":{\"channel\":")
                .string(channel)
                .raw(",\"")
                .raw(what)
                .raw("\":");
    }

    void message(byte[] data) {
        next().raw("{\"push\":{\"message\":{\"data\":").value(data).raw("}}}");
    }

    /** The state of a subscription; {@code recovered} is null if that was not asked for. */
    void subscribed(Position after, boolean recoverable, @Nullable Boolean recovered) {
        json.raw("{");
        if (recoverable) {
            json.raw("\"recoverable\":true,\"positioned\":true,");
        }
        json.raw("\"epoch\":").string(epochOf(after)).raw(",\"offset\":").number(after.value());
        if (recovered != null) {
            json.raw(",\"was_recovering\":true,\"recovered\":").raw(recovered.toString());
        }
        json.raw("}");
    }

    static String epochOf(Position position) {
        return String.format("%016x", position.epoch());
    }

    private JsonBuffer next() {
        return json.isEmpty() ? json : json.newLine();
    }
}
