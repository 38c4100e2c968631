package io.peal.load.run;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler.ClientHandshakeStateEvent;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketHandshakeException;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketExtensionDecoder;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One client, over all its connections. With the Centrifuge protocol it resumes where it was; a raw one begins anew with each
 * connection, and is not judged for what was published while it was away.
 */
final class LoadClient {

    private static final long SLOW_READ_MS = 100;
    private static final Pattern EPOCH = Pattern.compile("\"epoch\":\"([^\"]*)\"");
    private static final Pattern OFFSET = Pattern.compile("\"offset\":([0-9]+)");

    private final LoadClients clients;
    private final int number;
    private final boolean slow;
    private final Tally tally;
    private volatile @Nullable Channel channel;
    private volatile boolean subscribed; // written by the event loop, to which all that follows belongs
    private long sent; // messages of its own
    private boolean cut;
    private boolean begun;
    private boolean resumed;
    private String epoch = "";
    private long offset;
    private String closeReason = "";

    LoadClient(LoadClients clients, int number, boolean slow) {
        this.clients = clients;
        this.number = number;
        this.slow = slow;
        this.tally =
                new Tally(clients.target().echoes() ? 1 : clients.published().publishers());
    }

    int number() {
        return number;
    }

    boolean isSlow() {
        return slow;
    }

    ChannelHandler newConnection() {
        return new Connection();
    }

    @Nullable
    EventLoop loop() {
        Channel current = channel;
        return current == null ? null : current.eventLoop();
    }

    /** Whether it can receive and send. Thread-safe. */
    boolean isConnected() {
        return subscribed && !slow;
    }

    /** Sends a message that it is to get back. Thread-safe. */
    void sendOfItsOwn(long dueNs, int length) {
        Channel current = channel;
        if (current != null) {
            current.eventLoop().execute(() -> {
                if (subscribed && current == channel) {
                    clients.published().next(0);
                    String message = Marker.message(number, ++sent, dueNs, length);
                    current.writeAndFlush(new TextWebSocketFrame(message), current.voidPromise());
                }
            });
        }
    }

    /** How much was published that it is to receive. */
    private long[] published() {
        return clients.target().echoes()
                ? new long[] {sent}
                : clients.published().now();
    }

    /** Ends the connection, as a network does. */
    void cutOff() {
        Channel current = channel;
        if (current != null) {
            current.eventLoop().execute(() -> {
                if (subscribed) {
                    cut = true;
                    current.close();
                }
            });
        }
    }

    void judge(LoadClients.Verdicts verdicts) {
        if (!slow) {
            boolean resumes = begun && clients.target().protocol() == WireProtocol.CENTRIFUGE;
            if (subscribed || resumes) { // who has not come back has lost what it was to be told
                tally.end(published());
            }
            verdicts.add(tally);
        }
    }

    /** In a few words, the same for the same kind of failure. */
    static String reason(Throwable cause) {
        if (cause instanceof WebSocketHandshakeException) {
            return String.valueOf(cause.getMessage()).replaceAll("(?s)\\R.*", "");
        }
        if (cause instanceof ConnectException) {
            return "connection refused";
        }
        return cause.getClass().getSimpleName();
    }

    private void subscribed(Channel on) {
        subscribed = true;
        if (!resumed || !begun) {
            tally.begin(published());
            begun = true;
        }
        clients.subscribed();
        if (slow) {
            on.config().setAutoRead(false);
            readSlowly(on);
        }
    }

    private void readSlowly(Channel on) {
        on.eventLoop()
                .schedule(
                        () -> {
                            if (on.isActive()) {
                                on.read();
                                readSlowly(on);
                            }
                        },
                        SLOW_READ_MS,
                        TimeUnit.MILLISECONDS);
    }

    private void received(int publisher, long message, long dueNs) {
        boolean echoes = clients.target().echoes();
        if (echoes && publisher != number) {
            return; // of another client, from a server that broadcasts
        }
        if (subscribed && tally.received(echoes ? 0 : publisher, message) && !slow) {
            clients.delivered(dueNs);
        }
    }

    private final class Connection extends SimpleChannelInboundHandler<WebSocketFrame> {

        private String failure = "";

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            channel = ctx.channel();
            subscribed = false;
            cut = false;
            closeReason = "";
            ctx.fireChannelActive();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) {
                if (ctx.pipeline().get(WebSocketExtensionDecoder.class) != null) {
                    clients.agreedToDeflate();
                }
                Target target = clients.target();
                String greeting = target.protocol().greeting(target.channel(), target.hello(), epoch, offset);
                if (!greeting.isEmpty()) {
                    ctx.writeAndFlush(new TextWebSocketFrame(greeting));
                }
                if (target.protocol() == WireProtocol.RAW) {
                    LoadClient.this.subscribed(ctx.channel());
                }
            } else if (event == ClientHandshakeStateEvent.HANDSHAKE_TIMEOUT) {
                failure = "handshake timed out";
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
            if (frame instanceof CloseWebSocketFrame close) {
                closeReason = "closed with " + close.statusCode();
                return;
            }
            if (clients.target().protocol() == WireProtocol.CENTRIFUGE) {
                long pushed = Marker.isPush(frame.content()) ? Marker.lastOffset(frame.content()) : 0;
                if (pushed > 0) {
                    offset = pushed;
                } else {
                    readReplies(ctx, frame.content().toString(StandardCharsets.UTF_8));
                }
            }
            Marker.find(frame.content(), LoadClient.this::received);
        }

        private void readReplies(ChannelHandlerContext ctx, String text) {
            for (String line : text.split("\n", -1)) {
                if (line.equals("{}")) {
                    ctx.writeAndFlush(new TextWebSocketFrame("{}"));
                } else if (line.startsWith("{\"push\"")) {
                    offset = number(line); // behind a reply, in the same frame
                } else if (line.startsWith("{\"id\":2,")) {
                    answered(ctx, line);
                } else if (line.contains("\"error\"")) {
                    failure = "refused: " + line;
                    ctx.close();
                }
            }
        }

        /** To the subscription; messages that are recovered stand in the answer. */
        private void answered(ChannelHandlerContext ctx, String line) {
            if (line.contains("\"error\"")) {
                failure = "refused: " + line;
                ctx.close();
                return;
            }
            resumed = line.contains("\"recovered\":true");
            Matcher matcher = EPOCH.matcher(line);
            epoch = matcher.find() ? matcher.group(1) : "";
            offset = number(line);
            LoadClient.this.subscribed(ctx.channel());
        }

        /** The last one, because publications come before the subscription's own. */
        private long number(String line) {
            Matcher matcher = OFFSET.matcher(line);
            long found = 0;
            while (matcher.find()) {
                found = Math.max(found, Long.parseLong(matcher.group(1)));
            }
            return found;
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            boolean was = subscribed;
            subscribed = false;
            if (cut) {
                clients.cut(LoadClient.this);
            } else {
                String why = !failure.isEmpty() ? failure : !closeReason.isEmpty() ? closeReason : "connection lost";
                clients.ended(LoadClient.this, was, was ? "while connected: " + why : why);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            failure = reason(cause);
            ctx.close();
        }
    }
}
