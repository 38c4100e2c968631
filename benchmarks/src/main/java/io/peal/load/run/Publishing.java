package io.peal.load.run;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** How one publisher gets its messages to the server. Belongs to its thread. */
interface Publishing extends AutoCloseable {

    Duration LIMIT = Duration.ofSeconds(10);

    /** Sends the next message; completes when it is known to have been taken, or fails. */
    CompletableFuture<?> publish(long dueNs);

    @Override
    void close();

    /** Over a WebSocket of its own, to the target. */
    static Publishing overWebSocket(Target target, OwnMessages messages) throws IOException {
        WebSocket socket;
        try {
            socket = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(target.uri(), new WebSocket.Listener() {})
                    .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            String greeting =
                    target.protocol() == WireProtocol.CENTRIFUGE ? "{\"id\":1,\"connect\":{}}" : target.hello();
            if (!greeting.isEmpty()) {
                socket.sendText(greeting, true).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            }
        } catch (ExecutionException e) {
            throw new IOException("a publisher cannot connect to " + target.uri() + ": " + e.getCause(), e);
        } catch (TimeoutException e) {
            throw new IOException("a publisher was not connected to " + target.uri() + " within " + LIMIT, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        return new Publishing() {
            private CompletableFuture<WebSocket> last = CompletableFuture.completedFuture(socket);

            @Override
            public CompletableFuture<?> publish(long dueNs) {
                String message = messages.next(dueNs);
                String text = target.protocol().publication(messages.number(), target.channel(), message);
                last = last.thenCompose(free -> free.sendText(text, true));
                return last;
            }

            @Override
            public void close() {
                socket.abort();
            }
        };
    }

    /** By the clients in turn, each of which is to get its own back. */
    static Publishing byClients(LoadClients clients, int length) {
        return new Publishing() {
            @Override
            public CompletableFuture<?> publish(long dueNs) {
                clients.sendOfNext(dueNs, length);
                return CompletableFuture.completedFuture(null);
            }

            @Override
            public void close() {
                // the clients go on
            }
        };
    }

    /**
     * By HTTP POST, each when the one before is answered: otherwise they would have no order.
     *
     * @param body in which {@code {message}} stands for the message
     */
    static Publishing overHttp(URI uri, String body, String contentType, OwnMessages messages) {
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(LIMIT)
                .build();
        return new Publishing() {
            private CompletableFuture<?> last = CompletableFuture.completedFuture(null);

            @Override
            public CompletableFuture<?> publish(long dueNs) {
                String message = messages.next(dueNs);
                last = last.handle((answer, failure) -> message).thenCompose(this::post);
                return last;
            }

            private CompletableFuture<Void> post(String message) {
                HttpRequest request = HttpRequest.newBuilder(uri)
                        .timeout(LIMIT)
                        .header("Content-Type", contentType)
                        .POST(HttpRequest.BodyPublishers.ofString(body.replace("{message}", message)))
                        .build();
                return client.sendAsync(request, HttpResponse.BodyHandlers.discarding())
                        .thenAccept(response -> {
                            if (response.statusCode() / 100 != 2) {
                                throw new IllegalStateException("answered with " + response.statusCode());
                            }
                        });
            }

            @Override
            public void close() {
                // its connections end with it
            }
        };
    }
}
