package io.peal.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.peal.testkit.WebSocketProbe;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/** A client that speaks the protocol as it is told to, and answers nothing by itself. Not thread-safe. */
final class TestClient implements AutoCloseable {

    private static final ObjectMapper JACKSON = new ObjectMapper();

    private final WebSocketProbe probe;
    private final Deque<JsonNode> read = new ArrayDeque<>();
    private int frames;

    TestClient(int port, int receiveBufferLength) {
        probe = WebSocketProbe.connect(port, TestServer.PROTOCOL, receiveBufferLength);
    }

    WebSocketProbe probe() {
        return probe;
    }

    /** Sends JSON written with single quotes. */
    TestClient send(String json) {
        probe.sendText(json.replace('\'', '"'));
        return this;
    }

    /** The next object that came, whatever frame it is in. */
    JsonNode next() {
        if (read.isEmpty()) {
            frames++;
            Arrays.stream(probe.nextText().split("\n")).map(TestClient::parse).forEach(read::add);
        }
        return read.remove();
    }

    /** How many frames were read. */
    int frames() {
        return frames;
    }

    /** Sends a command, and waits for its answer, which must be the next that comes. */
    JsonNode ask(String json) {
        send(json);
        JsonNode answer = next();
        assertThat(answer.get("id"))
                .as(answer.toString())
                .isEqualTo(parse(json.replace('\'', '"')).get("id"));
        return answer;
    }

    TestClient connect() {
        assertThat(ask("{'id':1,'connect':{}}").has("connect")).isTrue();
        return this;
    }

    JsonNode subscribe(String channel) {
        return ask("{'id':2,'subscribe':{'channel':'" + channel + "'}}").path("subscribe");
    }

    JsonNode recover(String channel, long offset, String epoch) {
        return ask("{'id':3,'subscribe':{'channel':'" + channel + "','recover':true,'offset':" + offset + ",'epoch':'"
                        + epoch + "'}}")
                .path("subscribe");
    }

    /** The data of the next publication. */
    String nextData() {
        JsonNode push = next();
        assertThat(push.at("/push/pub").isMissingNode()).as(push.toString()).isFalse();
        return push.at("/push/pub/data").toString();
    }

    int closeCode() {
        return probe.nextClose().closeCode();
    }

    @Override
    public void close() {
        probe.close();
    }

    private static JsonNode parse(String json) {
        try {
            return JACKSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new AssertionError("not JSON: " + json, e);
        }
    }
}
