package io.peal.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.fanout.MessageForm;
import io.peal.testkit.InMemoryBus;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonBufferTest {

    private static final ObjectMapper JACKSON = new ObjectMapper();
    private static final Topic TOPIC = Topic.of("news \"of\" ü\\");

    @ParameterizedTest
    @ValueSource(longs = {0, 7, 10, 99, 100, 1_234_567_890_123L, Long.MAX_VALUE, -5, Long.MIN_VALUE})
    void writesNumbers(long number) {
        assertThat(new JsonBuffer().number(number).toString()).isEqualTo(Long.toString(number));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"a\":[1,2]}", "7", "\"x\"", "null", "{\n  \"a\": \"b\\n\"\r\n}"})
    void jsonIsEmbedded(String payload) throws Exception {
        JsonNode push = push(payload.getBytes(UTF_8), PayloadKind.TEXT);
        assertThat(push.at("/push/channel").asText()).isEqualTo(TOPIC.name());
        assertThat(push.at("/push/pub/data")).isEqualTo(JACKSON.readTree(payload));
        assertThat(push.at("/push/pub/offset").asLong()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "hello", "two\nlines", "{\"a\":", "quotes \" and \\ and \u0001 and é 😀"})
    void otherTextIsAString(String payload) throws Exception {
        JsonNode data = push(payload.getBytes(UTF_8), PayloadKind.TEXT).at("/push/pub/data");
        assertThat(data.isTextual()).isTrue();
        assertThat(data.asText()).isEqualTo(payload);
    }

    @Test
    void bytesAreBase64() throws Exception {
        byte[] payload = {0, 1, -1, 10, 127};
        JsonNode data = push(payload, PayloadKind.BINARY).at("/push/pub/data");
        assertThat(Base64.getDecoder().decode(data.asText())).isEqualTo(payload);
    }

    @Test
    void growsAndShrinks() {
        JsonBuffer json = new JsonBuffer();
        String large = "x".repeat(1_000_000);
        assertThat(json.string(large).length()).isEqualTo(large.length() + 2);
        json.clear();
        assertThat(json.isEmpty()).isTrue();
        assertThat(UTF_8.decode(json.raw("{}").written()).toString()).isEqualTo("{}");
    }

    private static JsonNode push(byte[] payload, PayloadKind kind) throws Exception {
        MessageForm.Encoder encoder = new PushForm(Topic::name).newEncoder();
        List<String> pushes = new ArrayList<>();
        try (InMemoryBus bus = InMemoryBus.create();
                Reader reader = bus.newReader(StartFrom.latest())) {
            bus.publisher().publish(TOPIC, java.nio.ByteBuffer.wrap(payload), kind);
            reader.poll(
                    (Message message) ->
                            pushes.add(UTF_8.decode(encoder.payloadOf(message)).toString()),
                    10);
        }
        assertThat(pushes).singleElement().asString().doesNotContain("\n", "\r");
        return JACKSON.readTree(pushes.get(0));
    }
}
