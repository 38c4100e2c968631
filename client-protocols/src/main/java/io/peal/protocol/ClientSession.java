package io.peal.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peal.bus.BusException;
import io.peal.bus.BusFullException;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.fanout.Connection;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One client: what it has said, and what it is answered. Its state belongs to the connection's event loop, but for what the
 * application may call from any thread.
 *
 * <p>Commands are done one after the other. While the application has yet to decide on one, those behind it wait, as many as
 * a frame may bring; only procedure calls and histories are answered whenever they are done, a bounded number at a time.
 */
final class ClientSession implements CentrifugeClient {

    private static final int MAX_CALLS = 16;
    private static final int INSUFFICIENT_STATE = 2500; // SDKs subscribe anew
    private static final int UNSUBSCRIBED_BY_SERVER = 2000; // they do not

    private enum State {
        /** Has not said who it is. */
        NEW,
        /** Is let in. */
        CONNECTED,
        /** Closed, or about to be. */
        ENDED
    }

    private final CentrifugeProtocol protocol;
    private final CentrifugeApplication application;
    private final Connection connection;
    private final String id = UUID.randomUUID().toString();
    private final ArrayDeque<Command> waiting = new ArrayDeque<>(2);
    private final Answers answers = new Answers();
    private final Channels channels;
    private final Histories histories;
    private final Questions questions;
    private final long openedNs = System.nanoTime();
    private State state = State.NEW;
    private boolean admitted;
    private int calls; // that are under way
    private long paidUntilNs = System.nanoTime(); // by the rate of commands
    private long pingedNs;
    private boolean pongDue;
    private volatile String user = "";
    private volatile @Nullable Object attachment;

    ClientSession(CentrifugeProtocol protocol, Connection connection) {
        this.protocol = protocol;
        this.application = protocol.application();
        this.connection = connection;
        this.attachment = connection.attachment();
        this.channels = new Channels(protocol, connection, answers);
        this.histories = new Histories(protocol, connection, answers, this::flush);
        this.questions = new Questions(connection, protocol.errorHandler(), this::workOn);
    }

    // What the application calls, from any thread.

    @Override
    public String id() {
        return id;
    }

    @Override
    public String user() {
        return user;
    }

    @Override
    public String uri() {
        return connection.uri();
    }

    @Override
    public List<String> channels() {
        return channels.names();
    }

    @Override
    public void send(String json) {
        byte[] data = Json.check(json);
        connection.execute(() -> {
            if (state == State.CONNECTED) {
                answers.message(data);
                flush();
            }
        });
    }

    @Override
    public void subscribe(String channel) {
        connection.execute(() -> {
            Topic topic = topicOf(channel);
            if (state == State.CONNECTED && topic != null && channels.mayAdd(channel)) {
                answers.push(channel, "subscribe");
                channels.follow(channel, topic, new Command.Place());
                answers.json().raw("}}");
                flush();
            }
        });
    }

    @Override
    public void unsubscribe(String channel) {
        connection.execute(() -> unsubscribe(channel, UNSUBSCRIBED_BY_SERVER, "server unsubscribe"));
    }

    @Override
    public void disconnect(int code, String reason) {
        connection.close(code, reason);
    }

    @Override
    public @Nullable Object attachment() {
        return attachment;
    }

    @Override
    public void attach(@Nullable Object attachment) {
        this.attachment = attachment;
    }

    // What the connection reports, on its event loop.

    void onMessage(PayloadKind kind, ByteBuffer payload) {
        if (state == State.ENDED) {
            return;
        }
        if (kind == PayloadKind.BINARY) {
            end(DisconnectCode.INAPPROPRIATE_PROTOCOL, "only text frames are understood");
            return;
        }
        byte[] frame = new byte[payload.remaining()];
        payload.get(frame);
        List<Command> commands = protocol.reader().read(frame);
        if (commands == null) {
            end(DisconnectCode.BAD_REQUEST, "bad request");
        } else if (waiting.size() + commands.size() > protocol.maxCommands() || areTooMany(commands.size())) {
            end(DisconnectCode.TOO_MANY_REQUESTS, "too many requests");
        } else {
            waiting.addAll(commands);
            workOn();
        }
    }

    /** As the fanout counts frames (GCRA, ITU-T I.371): a frame brings as many commands as it likes, and each of them is work. */
    private boolean areTooMany(int commands) {
        long nowNs = System.nanoTime();
        paidUntilNs = Math.max(paidUntilNs, nowNs) + commands * protocol.commandNs();
        return paidUntilNs - nowNs > protocol.maxCommands() * protocol.commandNs();
    }

    void onGap(Topic topic) {
        unsubscribe(application.channelOf(topic), INSUFFICIENT_STATE, "messages were left out: too slow");
    }

    void onBeat() {
        long nowNs = System.nanoTime();
        if (state == State.NEW && nowNs - openedNs >= protocol.pingNs()) {
            end(DisconnectCode.STALE, "stale");
        } else if (state == State.CONNECTED && nowNs - pingedNs >= protocol.pingNs() * 7 / 10) {
            ping(nowNs);
        }
    }

    /** A little sooner than was announced, because beats come now and then only. */
    private void ping(long nowNs) {
        if (pongDue) {
            end(DisconnectCode.NO_PONG, "no pong");
            return;
        }
        pingedNs = nowNs;
        pongDue = true;
        answers.ping();
        flush();
    }

    void onClose(int code, String reason) {
        state = State.ENDED;
        waiting.clear();
        histories.close();
        if (admitted) {
            application.onDisconnect(this, code, reason);
        }
    }

    // Commands.

    private void workOn() {
        while (!questions.isWaiting() && !waiting.isEmpty()) {
            obey(waiting.remove());
        }
        flush();
    }

    private void obey(Command command) {
        boolean first = command.kind == Command.Kind.CONNECT;
        boolean wantsAnswer = command.kind != Command.Kind.SEND && command.kind != Command.Kind.PONG;
        if (first != (state == State.NEW) || (wantsAnswer && command.id == 0)) {
            end(DisconnectCode.BAD_REQUEST, "bad request");
            return;
        }
        switch (command.kind) {
            case CONNECT -> connect(command);
            case SUBSCRIBE -> subscribe(command);
            case UNSUBSCRIBE -> unsubscribe(command);
            case PUBLISH -> publish(command);
            case HISTORY -> withChannel(command, ChannelAction.HISTORY, topic -> histories.read(command, topic));
            case RPC -> call(command);
            case SEND -> application.onMessage(this, command.data == null ? "null" : new String(command.data, UTF_8));
            case PING -> answers.done(command);
            case PONG -> pongDue = false;
            default -> answers.error(command, ClientError.NOT_AVAILABLE);
        }
    }

    private void connect(Command command) {
        ConnectRequest request = new ConnectRequest(command.token, textOf(command.data), command.name, command.version);
        ask(command, () -> application.onConnect(this, request), answer -> {
            if (answer instanceof ConnectAnswer.Accepted accepted) {
                letIn(command, accepted);
            } else if (answer instanceof ConnectAnswer.Refused refused) {
                answers.error(command, refused.error());
            } else if (answer instanceof ConnectAnswer.Disconnected disconnected) {
                end(disconnected.code(), disconnected.reason());
            }
        });
    }

    private void letIn(Command command, ConnectAnswer.Accepted accepted) {
        user = accepted.user();
        state = State.CONNECTED;
        admitted = true;
        pingedNs = System.nanoTime() - ThreadLocalRandom.current().nextLong(protocol.pingNs() / 2); // not all at once
        JsonBuffer json = answers.begin(command).raw("{\"client\":").string(id);
        json.raw(",\"version\":").string(protocol.version());
        json.raw(",\"ping\":").number(protocol.pingSeconds()).raw(",\"pong\":true");
        if (accepted.data() != null) {
            json.raw(",\"data\":").value(accepted.data().getBytes(UTF_8));
        }
        String before = ",\"subs\":{";
        for (String channel : accepted.channels()) {
            Topic topic = topicOf(channel);
            if (topic != null && channels.mayAdd(channel)) {
                json.raw(before).string(channel).raw(":");
                channels.follow(channel, topic, command.subs.getOrDefault(channel, new Command.Place()));
                before = ",";
            }
        }
        json.raw(before.equals(",") ? "}}" : "}");
        answers.end();
    }

    private void subscribe(Command command) {
        withChannel(command, ChannelAction.SUBSCRIBE, topic -> {
            if (channels.has(command.channel)) {
                answers.error(command, ClientError.ALREADY_SUBSCRIBED);
            } else if (!channels.mayAdd(command.channel)) {
                answers.error(command, ClientError.LIMIT_EXCEEDED);
            } else {
                answers.begin(command);
                channels.follow(command.channel, topic, command.place);
                answers.end();
            }
        });
    }

    private void unsubscribe(Command command) {
        channels.leave(command.channel);
        answers.done(command);
    }

    private void unsubscribe(String channel, int code, String reason) {
        if (state == State.CONNECTED && channels.leave(channel)) {
            JsonBuffer json =
                    answers.push(channel, "unsubscribe").raw("{\"code\":").number(code);
            json.raw(",\"reason\":").string(reason).raw("}}}");
            flush();
        }
    }

    private void publish(Command command) {
        byte[] data = command.data;
        if (data == null) {
            answers.error(command, ClientError.BAD_REQUEST);
            return;
        }
        withChannel(command, ChannelAction.PUBLISH, topic -> {
            ClientError error = publish(topic, data);
            if (error == null) {
                answers.done(command);
            } else {
                answers.error(command, error);
            }
        });
    }

    private @Nullable ClientError publish(Topic topic, byte[] data) {
        if (data.length > protocol.bus().maxPayloadLength()) {
            return ClientError.LIMIT_EXCEEDED;
        }
        try {
            protocol.bus().publisher().publish(topic, ByteBuffer.wrap(data), PayloadKind.TEXT);
            return null;
        } catch (BusFullException full) {
            return new ClientError(ClientError.INTERNAL.code(), "the log is full: try again later", true);
        } catch (BusException e) {
            protocol.errorHandler().onError(e);
            return ClientError.INTERNAL;
        }
    }

    private void call(Command command) {
        if (calls == MAX_CALLS) {
            answers.error(command, ClientError.TOO_MANY_REQUESTS);
            return;
        }
        calls++;
        String data = textOf(command.data);
        questions.ask(() -> application.onRpc(this, command.method, data), reply -> {
            calls--;
            if (reply instanceof RpcReply.Result result) {
                answers.begin(command)
                        .raw("{\"data\":")
                        .value(result.json().getBytes(UTF_8))
                        .raw("}");
                answers.end();
            } else {
                answers.error(command, reply instanceof RpcReply.Failed no ? no.error() : ClientError.INTERNAL);
            }
            flush();
        });
    }

    // Asking the application.

    /** Does something with the topic of a command, if that exists and the application allows it. */
    private void withChannel(Command command, ChannelAction action, Consumer<Topic> then) {
        Topic topic = topicOf(command.channel);
        if (topic == null) {
            answers.error(command, ClientError.UNKNOWN_CHANNEL);
            return;
        }
        String data = textOf(command.data);
        ChannelRequest request = new ChannelRequest(action, command.channel, command.token, data);
        ask(command, () -> application.authorize(this, request), decision -> {
            if (decision instanceof Decision.Refused refused) {
                answers.error(command, refused.error());
            } else {
                then.accept(topic);
            }
        });
    }

    /** Asks what the next commands wait for; a failure is the application's, and told as such. */
    private <T> void ask(Command command, Supplier<CompletionStage<T>> question, Consumer<T> then) {
        questions.askFirst(question, answer -> {
            if (state == State.ENDED) {
                return; // by the application itself, while it was asked
            }
            if (answer == null) {
                answers.error(command, ClientError.INTERNAL);
            } else {
                then.accept(answer);
            }
        });
    }

    // What all of these need.

    private void flush() {
        JsonBuffer json = answers.json();
        if (!json.isEmpty()) {
            connection.send(json.written(), PayloadKind.TEXT);
            json.clear();
        }
    }

    private void end(int code, String reason) {
        flush();
        state = State.ENDED;
        waiting.clear();
        connection.close(code, reason);
    }

    /** Null if there is none: names come from clients, and not every one is possible. */
    private @Nullable Topic topicOf(String channel) {
        try {
            return application.topicOf(channel);
        } catch (IllegalArgumentException impossibleName) {
            return null;
        }
    }

    private static @Nullable String textOf(byte @Nullable [] json) {
        return json == null ? null : new String(json, UTF_8);
    }
}
