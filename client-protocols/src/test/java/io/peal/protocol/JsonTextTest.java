package io.peal.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonTextTest {

    private static final ObjectMapper JACKSON =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private static final List<String> SEEDS = List.of(
            "{\"a\":1,\"b\":[true,false,null],\"c\":{\"d\":\"e\\u00e9\\n\"}}",
            "[1, -2.5e+10, 0, 0.1, \"\", [], {}, [[]], {\"\":{}}]",
            "\"text with \\\" and \\\\ and \\/\"",
            " \t\r\n-0.0E-7 ",
            "null");
    private static final String ALPHABET = "{}[]\":,\\ \n\tabtrufalsn0123456789.eE+-\u0001é";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "0",
                "-1",
                "1e5",
                "\"\"",
                "true",
                " null ",
                "[1,2]",
                "{\"a\":{\"b\":[]}}",
                "\"\\uD83D\""
            })
    void isJson(String text) {
        assertThat(isValid(text)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "}",
                "[1,]",
                "{\"a\":1,}",
                "{a:1}",
                "'a'",
                "01",
                "1.",
                ".5",
                "+1",
                "1e",
                "nul",
                "nulll",
                "1 2",
                "\"\n\"",
                "\"\\x\"",
                "\"\\u12\"",
                "\"",
                "\"\\",
                "[",
                "[1",
                "{\"a\"",
                "{\"a\":",
                "NaN",
                "--1",
                "hello"
            })
    void isNoJson(String text) {
        assertThat(isValid(text)).isFalse();
    }

    @Test
    void agreesWithJackson() {
        Random random = new Random(5);
        int valid = 0;
        for (int i = 0; i < 200_000; i++) {
            StringBuilder text = new StringBuilder(SEEDS.get(random.nextInt(SEEDS.size())));
            for (int change = random.nextInt(3); change >= 0; change--) {
                int at = random.nextInt(text.length());
                char other = ALPHABET.charAt(random.nextInt(ALPHABET.length()));
                switch (random.nextInt(3)) {
                    case 0 -> text.setCharAt(at, other);
                    case 1 -> text.insert(at, other);
                    default -> text.deleteCharAt(at);
                }
                if (text.length() == 0) {
                    text.append(other);
                }
            }
            boolean here = isValid(text.toString());
            valid += here ? 1 : 0;
            assertThat(here).as(text.toString()).isEqualTo(jacksonSays(text.toString()));
        }
        assertThat(valid).as("texts of both kinds are tried").isBetween(20_000, 180_000);
    }

    @Test
    void depthIsBounded() {
        int deepest = JsonText.MAX_DEPTH;
        assertThat(isValid("[".repeat(deepest) + "]".repeat(deepest))).isTrue();
        assertThat(isValid("[".repeat(deepest + 1) + "]".repeat(deepest + 1))).isFalse();
        assertThat(isValid("{\"a\":".repeat(1_000_000))).isFalse();
    }

    @Test
    void looksAtTheRangeOnly() {
        byte[] bytes = "x{}x".getBytes(UTF_8);
        assertThat(JsonText.isValid(bytes, 1, 3)).isTrue();
        assertThat(JsonText.isValid(bytes, 1, 2)).isFalse();
        assertThat(JsonText.isValid(bytes, 1, 4)).isFalse();
    }

    private static boolean isValid(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        return JsonText.isValid(bytes, 0, bytes.length);
    }

    private static boolean jacksonSays(String text) {
        try {
            return !JACKSON.readTree(text).isMissingNode();
        } catch (JsonProcessingException e) {
            return false;
        }
    }
}
