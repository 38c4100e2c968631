package io.peal.examples.notify;

import io.peal.bus.Bus;
import io.peal.bus.BusException;
import io.peal.bus.BusFullException;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/** The plain HTTP requests: what is answered, whatever server asks. */
final class Api {

    /** An answer. */
    record Reply(int status, String contentType, byte[] body) {

        static Reply json(int status, Map<String, ?> fields) {
            return new Reply(status, "application/json", Json.write(fields).getBytes(StandardCharsets.UTF_8));
        }

        static Reply error(int status, String message) {
            return json(status, Map.of("error", message));
        }
    }

    private final int replica;
    private final Bus bus;
    private final Status status;
    private final boolean sharedPort;
    private final boolean demo;
    private final byte[] page;
    private final byte[] client;

    Api(int replica, Bus bus, Status status, boolean sharedPort, boolean demo) {
        this.replica = replica;
        this.bus = bus;
        this.status = status;
        this.sharedPort = sharedPort;
        this.demo = demo;
        this.page = load("index.html");
        this.client = load("peal.js");
    }

    /**
     * Answers a request; {@code query} finds the value of a parameter, or null.
     *
     * <p>On a port of its own a replica that is stopping does nothing more: a proxy passes the request to another one, and
     * sends no more to this one before its port is closed. On a port that it shares, it is the only one to answer what has
     * come to it.
     */
    Reply answer(String method, String path, UnaryOperator<String> query, ByteBuffer body) {
        if (isStopping() && !sharedPort) {
            return Reply.error(503, "this replica is stopping: nothing was done, ask another one");
        }
        return switch (path) {
            case "/" -> file(method, "text/html; charset=utf-8", page);
            case "/peal.js" -> file(method, "text/javascript; charset=utf-8", client);
            case "/health_check" -> method.equals("GET") ? Reply.json(200, status.now()) : notAllowed(method, "GET");
            case "/api/v1/notify" ->
                method.equals("POST") ? publish(query.apply("topic"), body) : notAllowed(method, "POST");
            case "/api/v1/kill" -> demo ? kill(method, query.apply("replica")) : unknown(path);
            default -> unknown(path);
        };
    }

    /** Whether the connection should be closed behind an answer. */
    boolean isStopping() {
        return status.isStopping();
    }

    int maxBodyLength() {
        return bus.maxPayloadLength();
    }

    private Reply publish(String name, ByteBuffer body) {
        if (!body.hasRemaining()) {
            return Reply.error(400, "the body is empty: it is the message");
        }
        try {
            Topic topic = Topics.named(name);
            if (Topics.isOwn(topic.name())) {
                return Reply.error(403, "topics that begin with " + Topics.OWN + " are this service's own");
            }
            long position = bus.publisher().publish(topic, body, kindOf(body));
            Map<String, Object> ok = new LinkedHashMap<>();
            ok.put("status", "ok");
            ok.put("replica", replica);
            ok.put("position", position);
            return Reply.json(200, ok);
        } catch (BusFullException e) {
            return Reply.error(507, e.getMessage());
        } catch (BusException e) {
            return Reply.error(500, e.getMessage()); // not 503: nobody knows that nothing was done
        } catch (IllegalArgumentException e) {
            return Reply.error(400, e.getMessage());
        }
    }

    /** Halts this replica, and nobody answers; or passes the request on to another, through the bus. */
    private Reply kill(String method, String number) {
        if (!method.equals("POST")) {
            return notAllowed(method, "POST");
        }
        String whom = number == null ? String.valueOf(replica) : number;
        if (whom.equals(String.valueOf(replica))) {
            DeathWish.halt();
        }
        bus.publisher().publish(DeathWish.TOPIC, whom);
        return Reply.json(202, Map.of("status", "passed on to replica " + whom));
    }

    private static Reply file(String method, String contentType, byte[] content) {
        return method.equals("GET") ? new Reply(200, contentType, content) : notAllowed(method, "GET");
    }

    private static Reply unknown(String path) {
        return Reply.error(404, "nothing is at " + path);
    }

    private static Reply notAllowed(String method, String allowed) {
        return Reply.error(405, method + " is not for this path, " + allowed + " is");
    }

    private static PayloadKind kindOf(ByteBuffer body) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(body.duplicate());
            return PayloadKind.TEXT;
        } catch (CharacterCodingException notText) {
            return PayloadKind.BINARY;
        }
    }

    private byte[] load(String name) {
        try (InputStream resource = Api.class.getResourceAsStream(name)) {
            String text = new String(resource.readAllBytes(), StandardCharsets.UTF_8);
            return text.replace("data-demo=\"\"", "data-demo=\"" + demo + "\"").getBytes(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
