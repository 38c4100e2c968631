package io.peal.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CommandReaderTest {

    private final CommandReader reader = new CommandReader(10, 3);

    @Test
    void readsEveryField() {
        Command connect =
                one("{\"id\":1,\"connect\":{\"token\":\"t\",\"data\":{\"a\": [1]},\"name\":\"js\",\"version\":\"5\","
                        + "\"subs\":{\"a\":{\"recover\":true,\"offset\":9007199254740993,\"epoch\":\"e\"},\"b\":{}}}}");
        assertThat(connect.kind).isEqualTo(Command.Kind.CONNECT);
        assertThat(connect.id).isEqualTo(1);
        assertThat(connect.token).isEqualTo("t");
        assertThat(connect.name).isEqualTo("js");
        assertThat(connect.version).isEqualTo("5");
        assertThat(connect.data).isEqualTo("{\"a\": [1]}".getBytes(UTF_8));
        assertThat(connect.subs).containsOnlyKeys("a", "b");
        assertThat(connect.subs.get("a"))
                .extracting(place -> place.offset, place -> place.recover, place -> place.epoch)
                .containsExactly(9007199254740993L, true, "e");

        Command history = one("{\"history\":{\"channel\":\"ä\",\"limit\":-5,\"reverse\":true,"
                + "\"since\":{\"offset\":7,\"epoch\":\"e\"}},\"id\":4294967295}");
        assertThat(history.channel).isEqualTo("ä");
        assertThat(history.limit).isEqualTo(-1);
        assertThat(history.reverse).isTrue();
        assertThat(history.since).isNotNull();
        assertThat(history.id).isEqualTo(4294967295L);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"a\":\"é\"}",
                "[1 , 2]",
                "\"text \\\" \\u00e9 😀\"",
                "-1.50e+7",
                "0",
                "true",
                "{}",
                "123456789012345678901234567890"
            })
    void dataIsKeptByteForByte(String data) {
        for (String around : List.of("%s", " %s ", "%s\t\n")) {
            String frame = "{\"id\":1,\"publish\":{\"data\":" + String.format(around, data) + ",\"channel\":\"c\"}}";
            assertThat(textOf(one(frame).data)).isEqualTo(data);
            String last = "{\"id\":1,\"publish\":{\"channel\":\"c\",\"data\":" + String.format(around, data) + "}}";
            assertThat(textOf(one(last).data)).isEqualTo(data);
            assertThat(textOf(one("\ufeff" + last).data))
                    .as("behind a byte order mark, which is passed over")
                    .isEqualTo(data);
        }
    }

    @Test
    void readsSeveralCommandsOfAFrame() {
        List<Command> commands = read("{\"id\":1,\"connect\":{}}\n{\"id\":2,\"ping\":{}}{}\n");
        assertThat(commands)
                .extracting(command -> command.kind)
                .containsExactly(Command.Kind.CONNECT, Command.Kind.PING, Command.Kind.PONG);
    }

    @Test
    void passesOverWhatItDoesNotKnow() {
        Command command =
                one("{\"id\":2,\"new\":[{}],\"subscribe\":{\"channel\":\"c\",\"tf\":{\"op\":\"and\",\"nodes\":[{}]}}}");
        assertThat(command.kind).isEqualTo(Command.Kind.SUBSCRIBE);
        assertThat(command.channel).isEqualTo("c");
    }

    @Test
    void nullIsNothing() {
        Command command =
                one("{\"id\":1,\"subscribe\":{\"channel\":null,\"offset\":null,\"data\":null,\"since\":null}}");
        assertThat(command.channel).isEmpty();
        assertThat(command.data).isNull();
        assertThat(command.since).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " \n ",
                "x",
                "{",
                "[]",
                "1",
                "null",
                "{}}",
                "{} x",
                "{\"id\":1}",
                "{\"id\":-1,\"ping\":{}}",
                "{\"id\":1.5,\"ping\":{}}",
                "{\"id\":\"1\",\"ping\":{}}",
                "{\"id\":99999999999999999999,\"ping\":{}}",
                "{\"id\":1,\"connect\":[]}",
                "{\"id\":1,\"connect\":null}",
                "{\"id\":1,\"subscribe\":{\"channel\":5}}",
                "{\"id\":1,\"subscribe\":{\"recover\":1}}",
                "{\"id\":1,\"subscribe\":{\"offset\":-1}}",
                "{\"id\":1,\"history\":{\"since\":[]}}",
                "{\"id\":1,\"connect\":{\"subs\":[]}}",
                "{\"id\":1,\"connect\":{\"subs\":{\"a\":{},\"b\":{},\"c\":{},\"d\":{}}}}",
                "{\"id\":1,\"connect\":{},\"ping\":{}}"
            })
    void refusesWhatIsNoCommand(String frame) {
        assertThat(reader.read(frame.getBytes(UTF_8))).isNull();
    }

    @Test
    void depthAndCountAreBounded() {
        assertThat(reader.read(("{\"id\":1,\"publish\":{\"data\":" + "[".repeat(100) + "]".repeat(100) + "}}")
                        .getBytes(UTF_8)))
                .isNull();
        String eleven = IntStream.rangeClosed(1, 11)
                .mapToObj(id -> "{\"id\":" + id + ",\"ping\":{}}")
                .collect(Collectors.joining("\n"));
        assertThat(reader.read(eleven.getBytes(UTF_8))).isNull();
    }

    @Test
    void otherEncodingsAreNoCommands() {
        String command = "{\"id\":1,\"publish\":{\"channel\":\"a\",\"data\":[1]}}";
        for (String encoding : List.of("UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE")) {
            assertThat(reader.read(command.getBytes(Charset.forName(encoding)))).isNull();
        }
    }

    @Test
    void neverThrows() {
        byte[] seed = ("{\"id\":1,\"connect\":{\"data\":{\"a\":[1,2.5e3,\"é\"]},\"subs\":{\"a\":{\"offset\":5}}}}\n"
                        + "{\"id\":2,\"history\":{\"since\":{\"offset\":1},\"limit\":5}}")
                .getBytes(UTF_8);
        Random random = new Random(3);
        int understood = 0;
        for (int i = 0; i < 100_000; i++) {
            byte[] frame = seed.clone();
            for (int change = random.nextInt(4); change >= 0; change--) {
                frame[random.nextInt(frame.length)] = (byte) random.nextInt(256);
            }
            understood += reader.read(frame) == null ? 0 : 1;
        }
        assertThat(understood).isBetween(1_000, 99_000);
    }

    private Command one(String frame) {
        assertThat(read(frame)).hasSize(1);
        return read(frame).get(0);
    }

    private List<Command> read(String frame) {
        List<Command> commands = reader.read(frame.getBytes(UTF_8));
        assertThat(commands).as(frame).isNotNull();
        return commands == null ? List.of() : commands;
    }

    private static String textOf(byte @Nullable [] data) {
        return data == null ? "" : new String(data, UTF_8);
    }
}
