package io.peal.protocol;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.peal.protocol.Command.Kind;
import io.peal.protocol.Command.Place;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the commands of a frame: objects behind each other. What comes is hostile: its depth, its numbers, its names and
 * the count of its commands are bounded, and its length is by the limits of the fanout. Fields that are not known are
 * passed over. Thread-safe.
 */
final class CommandReader {

    private static final int MAX_DEPTH = 64;
    private static final int MAX_NAME_LENGTH = 1_024;
    private static final int MAX_NUMBER_LENGTH = 400; // of data, which may have any; it is not converted

    private final int maxCommands;
    private final int maxSubs;
    private final JsonFactory factory;

    /**
     * @param maxCommands in a frame
     * @param maxSubs in a command
     */
    CommandReader(int maxCommands, int maxSubs) {
        this.maxCommands = maxCommands;
        this.maxSubs = maxSubs;
        this.factory = JsonFactory.builder()
                .disable(
                        JsonFactory.Feature
                                .INTERN_FIELD_NAMES) // clients choose them: the JVM's own table is not for that
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .maxNameLength(MAX_NAME_LENGTH)
                        .maxNumberLength(MAX_NUMBER_LENGTH)
                        .build())
                .build();
    }

    /** The commands; null if a frame is not made of such. */
    @Nullable
    List<Command> read(byte[] frame) {
        if (looksLikeAnotherEncoding(frame)) {
            return null;
        }
        List<Command> commands = new ArrayList<>(2);
        try (JsonParser parser = factory.createParser(frame)) {
            while (parser.nextToken() != null) {
                expect(parser, JsonToken.START_OBJECT);
                check(parser, commands.size() < maxCommands, "too many commands");
                commands.add(readCommand(parser, frame));
            }
        } catch (IOException notSuch) {
            return null;
        }
        return commands.isEmpty() ? null : commands;
    }

    /**
     * The parser would guess UTF-16 or UTF-32 from a zero among the first four bytes, and then know no offsets of bytes. In
     * JSON there is none, and that of a WebSocket is UTF-8.
     */
    private static boolean looksLikeAnotherEncoding(byte[] frame) {
        for (int i = 0; i < Math.min(4, frame.length); i++) {
            if (frame[i] == 0) {
                return true;
            }
        }
        return false;
    }

    private Command readCommand(JsonParser parser, byte[] frame) throws IOException {
        Command command = new Command();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            parser.nextToken();
            Kind kind = Kind.of(field);
            if (field.equals("id")) {
                command.id = number(parser);
            } else if (kind != null) {
                check(parser, command.kind == Kind.PONG, "two commands in one");
                command.kind = kind;
                readBody(parser, frame, command);
            } else {
                parser.skipChildren();
            }
        }
        check(parser, command.kind != Kind.PONG || command.id == 0, "no command");
        return command;
    }

    private void readBody(JsonParser parser, byte[] frame, Command command) throws IOException {
        expect(parser, JsonToken.START_OBJECT);
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            if (parser.nextToken() == JsonToken.VALUE_NULL) {
                continue; // as if it were not there
            }
            switch (field) {
                case "channel" -> command.channel = text(parser);
                case "token" -> command.token = text(parser);
                case "method" -> command.method = text(parser);
                case "name" -> command.name = text(parser);
                case "version" -> command.version = text(parser);
                case "data" -> command.data = slice(parser, frame);
                case "limit" -> command.limit = limit(parser);
                case "reverse" -> command.reverse = parser.getBooleanValue();
                case "since" -> command.since = readPlace(parser);
                case "subs" -> command.subs = readSubs(parser);
                default -> readPlaceField(parser, field, command.place);
            }
        }
    }

    private Map<String, Place> readSubs(JsonParser parser) throws IOException {
        expect(parser, JsonToken.START_OBJECT);
        Map<String, Place> subs = new HashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String channel = parser.currentName();
            parser.nextToken();
            check(parser, subs.size() < maxSubs, "too many subscriptions");
            subs.put(channel, readPlace(parser));
        }
        return subs;
    }

    private static Place readPlace(JsonParser parser) throws IOException {
        expect(parser, JsonToken.START_OBJECT);
        Place place = new Place();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            parser.nextToken();
            readPlaceField(parser, field, place);
        }
        return place;
    }

    private static void readPlaceField(JsonParser parser, String field, Place place) throws IOException {
        switch (field) {
            case "recover" -> place.recover = parser.getBooleanValue();
            case "epoch" -> place.epoch = text(parser);
            case "offset" -> place.offset = number(parser);
            default -> parser.skipChildren();
        }
    }

    private static String text(JsonParser parser) throws IOException {
        expect(parser, JsonToken.VALUE_STRING);
        return parser.getText();
    }

    /** One that is not negative. */
    private static long number(JsonParser parser) throws IOException {
        expect(parser, JsonToken.VALUE_NUMBER_INT);
        long value = parser.getLongValue();
        check(parser, value >= 0, "a number is negative");
        return value;
    }

    /** Below zero is no limit. */
    private static int limit(JsonParser parser) throws IOException {
        expect(parser, JsonToken.VALUE_NUMBER_INT);
        return (int) Math.max(-1, Math.min(Integer.MAX_VALUE, parser.getLongValue()));
    }

    /** The bytes of the value that the parser stands at, as they came. */
    private static byte[] slice(JsonParser parser, byte[] frame) throws IOException {
        int from = (int) parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        parser.finishToken();
        return Arrays.copyOfRange(frame, from, (int) parser.currentLocation().getByteOffset());
    }

    private static void expect(JsonParser parser, JsonToken token) throws JsonParseException {
        check(parser, parser.currentToken() == token, "another token is expected");
    }

    private static void check(JsonParser parser, boolean holds, String problem) throws JsonParseException {
        if (!holds) {
            throw new JsonParseException(parser, problem);
        }
    }
}
