package io.peal.examples.notify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.peal.testkit.WebSocketProbe;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** A client that comes back whenever its connection ends, and goes on where it was. Its lists are read when it is closed. */
final class ResumingClient implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long PAUSE_NS = 20_000_000;

    private final int port;
    private final String channel;
    private final List<String> received = new ArrayList<>();
    private final List<String> wrong = new ArrayList<>();
    private final Thread thread = new Thread(this::follow, "resuming-client");
    private volatile WebSocketProbe probe;
    private volatile boolean closed;
    private volatile boolean subscribed;
    private volatile int connections;
    private String epoch = "";
    private long offset;

    ResumingClient(int port, String channel) {
        this.port = port;
        this.channel = channel;
        thread.start();
    }

    /** Whether it has ever been subscribed. */
    boolean isSubscribed() {
        return subscribed;
    }

    /** How often it was subscribed. */
    int connections() {
        return connections;
    }

    /** The data it was sent, in order. */
    List<String> received() {
        return received;
    }

    /** What it was told that it should not have been. */
    List<String> wrong() {
        return wrong;
    }

    @Override
    public void close() throws InterruptedException {
        closed = true;
        WebSocketProbe last = probe;
        if (last != null) {
            last.close();
        }
        thread.join();
    }

    private void follow() {
        while (!closed) {
            try (WebSocketProbe connection = WebSocketProbe.connect(port, "/connection/websocket")) {
                probe = connection;
                connection.sendText("{\"id\":1,\"connect\":{}}\n{\"id\":2,\"subscribe\":{\"channel\":\"" + channel
                        + "\",\"recover\":" + subscribed + ",\"epoch\":\"" + epoch + "\",\"offset\":" + offset + "}}");
                while (!closed) {
                    for (String line : connection.nextText().split("\n")) {
                        take(connection, JSON.readTree(line));
                    }
                }
            } catch (UncheckedIOException | IllegalStateException | IOException ended) {
                LockSupport.parkNanos(PAUSE_NS);
            }
        }
    }

    private void take(WebSocketProbe connection, JsonNode message) {
        if (message.isEmpty()) {
            connection.sendText("{}");
        } else if (message.has("push")) {
            JsonNode publication = message.at("/push/pub");
            if (publication.get("offset").asLong() <= offset) {
                wrong.add("offset " + publication.get("offset") + " behind " + offset);
            }
            offset = publication.get("offset").asLong();
            received.add(publication.get("data").toString());
        } else if (message.has("subscribe")) {
            JsonNode state = message.get("subscribe");
            if (subscribed && !state.path("recovered").asBoolean()) {
                wrong.add("not recovered: " + state);
            }
            epoch = state.get("epoch").asText();
            offset = state.get("offset").asLong();
            subscribed = true;
            connections++;
        }
    }
}
