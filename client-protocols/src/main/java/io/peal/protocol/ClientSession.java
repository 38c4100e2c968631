package io.peal.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peal.bus.BusException;
import io.peal.bus.BusFullException;
import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.fanout.Connection;
import io.peal.fanout.SlowConsumerPolicy;
import io.peal.fanout.SubscribeOutcome;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
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
    private final Map<String, Topic> channels = new ConcurrentHashMap<>(4);
    private final ArrayDeque<Command> waiting = new ArrayDeque<>(2);
    private final Answers answers = new Answers();
    private final long openedNs = System.nanoTime();
    private State state = State.NEW;
    private boolean admitted;
    private boolean undecided; // the application has yet to answer
    private int calls; // that are under way
    private @Nullable HistoryQuery history; // that is under way
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
        return List.copyOf(channels.keySet());
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
            Topic topic = application.topicOf(channel);
            if (state == State.CONNECTED && topic != null && isFree(channel)) {
                answers.push(channel, "subscribe");
                follow(channel, topic, new Command.Place());
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
        endHistory();
        if (admitted) {
            application.onDisconnect(this, code, reason);
        }
    }

    // Commands.

    private void workOn() {
        while (!undecided && !waiting.isEmpty()) {
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
            case HISTORY -> readHistory(command);
            case RPC -> call(command);
            case SEND -> application.onMessage(this, textOf(command.data));
            case PING -> answers.done(command);
            case PONG -> pongDue = false;
            default -> answers.error(command, ClientError.NOT_AVAILABLE);
        }
    }

    private void connect(Command command) {
        ConnectRequest request = new ConnectRequest(
                command.token, command.data == null ? null : textOf(command.data), command.name, command.version);
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
            Topic topic = application.topicOf(channel);
            if (topic != null && isFree(channel)) {
                json.raw(before).string(channel).raw(":");
                follow(channel, topic, command.subs.getOrDefault(channel, new Command.Place()));
                before = ",";
            }
        }
        json.raw(before.equals(",") ? "}}" : "}");
        answers.end();
    }

    private void subscribe(Command command) {
        if (channels.containsKey(command.channel)) {
            answers.error(command, ClientError.ALREADY_SUBSCRIBED);
        } else if (!isFree(command.channel)) {
            answers.error(command, ClientError.LIMIT_EXCEEDED);
        } else {
            withChannel(command, ChannelAction.SUBSCRIBE, topic -> {
                answers.begin(command);
                follow(command.channel, topic, command.place);
                answers.end();
            });
        }
    }

    /** Subscribes, and writes what came of it. */
    private void follow(String channel, Topic topic, Command.Place place) {
        channels.put(channel, topic);
        Position position = place.recover ? positionOf(place) : null;
        StartFrom from = position == null ? StartFrom.latest() : StartFrom.after(position);
        connection.subscribe(topic, from, new SubscribeOutcome() {
            @Override
            public void onSubscribed(Position after) {
                boolean recoverable = protocol.policyOf(topic) != SlowConsumerPolicy.DROP;
                answers.subscribed(after, recoverable, place.recover ? position != null : null);
            }

            @Override
            public void onRefused(PositionUnavailableException refusal) {
                Command.Place fromNow = new Command.Place();
                fromNow.recover = true; // without an epoch: it is said that it is not recovered
                follow(channel, topic, fromNow);
            }
        });
    }

    private void unsubscribe(Command command) {
        Topic topic = channels.remove(command.channel);
        if (topic != null) {
            connection.unsubscribe(topic);
        }
        answers.done(command);
    }

    private void unsubscribe(String channel, int code, String reason) {
        Topic topic = channels.remove(channel);
        if (topic != null && state == State.CONNECTED) {
            connection.unsubscribe(topic);
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

    private void readHistory(Command command) {
        withChannel(command, ChannelAction.HISTORY, topic -> {
            Position since = command.since == null ? null : positionOf(command.since);
            if (history != null) {
                answers.error(command, ClientError.TOO_MANY_REQUESTS);
            } else if (command.since != null && since == null) {
                answers.error(command, ClientError.UNRECOVERABLE_POSITION);
            } else {
                beginHistory(command, topic, since);
            }
        });
    }

    private void beginHistory(Command command, Topic topic, @Nullable Position since) {
        int limit = command.limit < 0 ? protocol.historyLimit() : Math.min(command.limit, protocol.historyLimit());
        try {
            history = new HistoryQuery(protocol.bus(), topic, limit, command.reverse, since);
            readOn(command);
        } catch (PositionUnavailableException gone) {
            answers.error(command, ClientError.UNRECOVERABLE_POSITION);
        }
    }

    private void readOn(Command command) {
        HistoryQuery query = history;
        if (query == null) {
            return;
        }
        if (!query.step()) {
            connection.execute(() -> readOn(command));
            return;
        }
        if (query.isBroken()) {
            answers.error(command, ClientError.UNRECOVERABLE_POSITION);
        } else {
            query.writeTo(answers.begin(command));
            answers.end();
        }
        endHistory();
        flush();
    }

    private void endHistory() {
        HistoryQuery query = history;
        if (query != null) {
            query.close();
            history = null;
        }
    }

    private void call(Command command) {
        if (calls == MAX_CALLS) {
            answers.error(command, ClientError.TOO_MANY_REQUESTS);
            return;
        }
        calls++;
        String data = command.data == null ? null : textOf(command.data);
        whenAnswered(() -> application.onRpc(this, command.method, data), reply -> {
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
        Topic topic = application.topicOf(command.channel);
        if (topic == null) {
            answers.error(command, ClientError.UNKNOWN_CHANNEL);
            return;
        }
        String data = command.data == null ? null : textOf(command.data);
        ChannelRequest request = new ChannelRequest(action, command.channel, command.token, data);
        ask(command, () -> application.authorize(this, request), decision -> {
            if (decision instanceof Decision.Refused refused) {
                answers.error(command, refused.error());
            } else {
                then.accept(topic);
            }
        });
    }

    /** Lets the next commands wait until there is an answer; a failure is the application's, and told as such. */
    private <T> void ask(Command command, Supplier<CompletionStage<T>> question, Consumer<T> then) {
        undecided = true;
        whenAnswered(question, answer -> {
            undecided = false;
            if (answer == null) {
                answers.error(command, ClientError.INTERNAL);
            } else {
                then.accept(answer);
            }
        });
    }

    /** Calls back with the answer, at once or on the event loop later; with null if there is none, which is reported. */
    private <T> void whenAnswered(Supplier<CompletionStage<T>> question, Consumer<@Nullable T> then) {
        CompletableFuture<T> answer = ask(question);
        if (answer.isDone()) {
            then.accept(valueOf(answer));
        } else {
            answer.whenComplete((value, failure) -> connection.execute(() -> {
                then.accept(valueOf(answer));
                workOn();
            }));
        }
    }

    private static <T> CompletableFuture<T> ask(Supplier<CompletionStage<T>> question) {
        try {
            return question.get().toCompletableFuture();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private <T> @Nullable T valueOf(CompletableFuture<T> done) {
        return done.handle((value, failure) -> {
                    if (failure != null) {
                        protocol.errorHandler().onError(failure);
                    }
                    return value;
                })
                .join();
    }

    // What all of these need.

    private boolean isFree(String channel) {
        return !channels.containsKey(channel) && channels.size() < protocol.maxChannels();
    }

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

    /** Null if it is of no bus. */
    private static @Nullable Position positionOf(Command.Place place) {
        try {
            return Position.parse(place.epoch + "-" + place.offset);
        } catch (IllegalArgumentException noEpoch) {
            return null;
        }
    }

    private static String textOf(byte @Nullable [] json) {
        return json == null ? "null" : new String(json, UTF_8);
    }
}
