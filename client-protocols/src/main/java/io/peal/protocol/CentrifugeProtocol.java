package io.peal.protocol;

import io.peal.bus.Bus;
import io.peal.bus.ErrorHandler;
import io.peal.bus.Gap;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import io.peal.fanout.ClientProtocol;
import io.peal.fanout.Connection;
import io.peal.fanout.Fanout;
import io.peal.fanout.MessageForm;
import io.peal.fanout.SlowConsumerPolicy;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/**
 * The Centrifuge client protocol, version 2, in JSON: what the SDKs of that project speak, for browsers, phones and
 * servers. A client that loses its connection resumes each channel on whichever replica it reaches: everything after what it
 * has, in order, nothing twice, or {@code recovered: false} (G8). Thread-safe; one instance serves an endpoint, by convention
 * at {@code /connection/websocket}:
 *
 * <pre>{@code
 * live.install(pipeline, "/connection/websocket", CentrifugeProtocol.on(fanout).build());
 * }</pre>
 *
 * <p>A channel is a topic; the offset of a publication is its position, the epoch is the bus's. Offsets rise, but not by one.
 * A payload that is JSON is embedded as it is, other text becomes a string, and bytes a string in base64. Presence, joining
 * and leaving, deltas, refreshing of tokens and the form in Protobuf are not offered.
 *
 * <p>Commands count towards {@link io.peal.fanout.Limits#inboundRate()} one by one, also those that come together, but for those of a
 * client that comes back to all its channels at once; too many close the connection with 3013.
 *
 * <p>A client is pinged in its protocol every {@linkplain io.peal.fanout.Limits#pingAfter() pingAfter}, and has the same time
 * to answer. The connection's {@linkplain Connection#attachment() attachment} is this protocol's: an application keeps its own
 * with the {@link CentrifugeClient}.
 */
public final class CentrifugeProtocol implements ClientProtocol {

    private static final int BATCH = 64; // commands in a frame, besides one for each possible channel

    private final Fanout fanout;
    private final CentrifugeApplication application;
    private final ErrorHandler errorHandler;
    private final int historyLimit;
    private final String version;
    private final MessageForm form;
    private final CommandReader reader;
    private final long pingNs;

    private CentrifugeProtocol(Builder options) {
        this.fanout = options.fanout;
        this.application = options.application;
        this.errorHandler = options.errorHandler;
        this.historyLimit = options.historyLimit;
        this.form = new PushForm(application::channelOf);
        this.reader = new CommandReader(maxCommands(), maxChannels());
        this.pingNs = fanout.limits().pingAfter().toNanos();
        String number = CentrifugeProtocol.class.getPackage().getImplementationVersion();
        this.version = number == null ? "peal" : "peal " + number;
    }

    /** The protocol for clients of a fanout, before it is built. */
    public static Builder on(Fanout fanout) {
        return new Builder(fanout);
    }

    @Override
    public MessageForm form() {
        return form;
    }

    @Override
    public void onOpen(Connection connection) {
        connection.attach(new ClientSession(this, connection));
    }

    @Override
    public void onMessage(Connection connection, PayloadKind kind, ByteBuffer payload) {
        sessionOf(connection).onMessage(kind, payload);
    }

    @Override
    public void onGap(Connection connection, Topic topic, Gap gap) {
        sessionOf(connection).onGap(topic);
    }

    @Override
    public void onBeat(Connection connection) {
        sessionOf(connection).onBeat();
    }

    @Override
    public void onClose(Connection connection, int code, String reason) {
        sessionOf(connection).onClose(code, reason);
    }

    private static ClientSession sessionOf(Connection connection) {
        if (connection.attachment() instanceof ClientSession session) {
            return session;
        }
        throw new IllegalStateException("the connection's attachment is the protocol's, and was replaced by "
                + connection.attachment() + ": keep it with the CentrifugeClient instead");
    }

    // What a session needs.

    CentrifugeApplication application() {
        return application;
    }

    ErrorHandler errorHandler() {
        return errorHandler;
    }

    Bus bus() {
        return fanout.bus();
    }

    CommandReader reader() {
        return reader;
    }

    String version() {
        return version;
    }

    int historyLimit() {
        return historyLimit;
    }

    int maxChannels() {
        return fanout.limits().subscriptions();
    }

    /** In a frame, and waiting: enough to come back to all channels at once. */
    int maxCommands() {
        return maxChannels() + BATCH;
    }

    /** What a command costs of a client's time, so that it sends no more than messages are allowed, for long; 0 for any. */
    long commandNs() {
        int rate = fanout.limits().inboundRate();
        return rate == 0 ? 0 : TimeUnit.SECONDS.toNanos(1) / rate;
    }

    SlowConsumerPolicy policyOf(Topic topic) {
        return fanout.slowConsumers().of(topic);
    }

    long pingNs() {
        return pingNs;
    }

    /** As it is announced: not less than it is. */
    long pingSeconds() {
        return fanout.limits().pingAfter().plusMillis(999).toSeconds();
    }

    /** Options of a {@link CentrifugeProtocol}; each has a default. Not thread-safe. */
    public static final class Builder {

        private final Fanout fanout;
        private CentrifugeApplication application = new CentrifugeApplication() {};
        private ErrorHandler errorHandler = ErrorHandler.logging();
        private int historyLimit = 1_000;

        private Builder(Fanout fanout) {
            this.fanout = fanout;
        }

        /** Who decides what clients may do; by default, everybody may read every channel, and nobody publish. */
        public Builder application(CentrifugeApplication application) {
            this.application = application;
            return this;
        }

        /** How many publications the answer to a client's question for history has at most, 1,000; and 256 KiB of them. */
        public Builder historyLimit(int publications) {
            if (publications < 1) {
                throw new IllegalArgumentException("historyLimit is " + publications + ", at least 1 is needed");
            }
            this.historyLimit = publications;
            return this;
        }

        /** Where failures of the application go that clients are told as internal errors; they are logged by default. */
        public Builder errorHandler(ErrorHandler handler) {
            this.errorHandler = handler.guarded();
            return this;
        }

        /** Builds it. */
        public CentrifugeProtocol build() {
            return new CentrifugeProtocol(this);
        }
    }
}
