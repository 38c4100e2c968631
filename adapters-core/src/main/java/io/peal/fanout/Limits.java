package io.peal.fanout;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/**
 * What a fanout lets its clients do: immutable; each limit has a default, and says what happens to who goes beyond it.
 * Where 0 is allowed, it means no limit.
 */
public final class Limits {

    private enum Limit {
        INBOUND_FRAME_LENGTH("inboundFrameLength", 125, 64 * 1024),
        INBOUND_MESSAGE_LENGTH("inboundMessageLength", 125, 256 * 1024),
        INBOUND_RATE("inboundRate", 0, 50),
        INBOUND_BURST("inboundBurst", 1, 100),
        SUBSCRIPTIONS("subscriptions", 1, 100),
        CONNECTIONS("connections", 0, 50_000),
        UPGRADES_PER_SECOND("upgradesPerSecond", 0, 5_000),
        UNSENT_LENGTH("unsentLength", 0, 256 * 1024),
        SOCKET_BUFFER_LENGTH("socketBufferLength", 0, 128 * 1024),
        MESSAGES_BEHIND("messagesBehind", 0, 0),
        BYTES_BEHIND("bytesBehind", 0, 0),
        STALL_MS("stall", 1_000, 30_000),
        PING_AFTER_MS("pingAfter", 1_000, 25_000),
        DEAD_AFTER_MS("deadAfter", 1_000, 60_000),
        IDLE_MS("idle", 0, 0),
        LIFETIME_MS("lifetime", 0, 0),
        UPGRADE_DEADLINE_MS("upgradeDeadline", 100, 5_000);

        private final String title; // as its method is called
        private final long min;
        private final long byDefault;

        Limit(String title, long min, long byDefault) {
            this.title = title;
            this.min = min;
            this.byDefault = byDefault;
        }
    }

    private static final Limits DEFAULTS = new Limits(Map.of());

    private final Map<Limit, Long> values = new EnumMap<>(Limit.class); // filled by the constructor, then never changed

    private Limits(Map<Limit, Long> changed) {
        for (Limit limit : Limit.values()) {
            values.put(limit, changed.getOrDefault(limit, limit.byDefault));
        }
    }

    /** The limits as they are if nobody says otherwise. */
    public static Limits defaults() {
        return DEFAULTS;
    }

    /** The longest payload of a frame from a client, in bytes, 64 KiB; a longer one closes the connection with 1009. */
    public int inboundFrameLength() {
        return intOf(Limit.INBOUND_FRAME_LENGTH);
    }

    /** The same limits with another {@link #inboundFrameLength()}, at least 125. */
    public Limits inboundFrameLength(int bytes) {
        return with(Limit.INBOUND_FRAME_LENGTH, bytes);
    }

    /** The longest message from a client, in bytes, over all its frames, 256 KiB; a longer one closes with 1009. */
    public int inboundMessageLength() {
        return intOf(Limit.INBOUND_MESSAGE_LENGTH);
    }

    /** The same limits with another {@link #inboundMessageLength()}, at least 125. */
    public Limits inboundMessageLength(int bytes) {
        return with(Limit.INBOUND_MESSAGE_LENGTH, bytes);
    }

    /** How many messages a client may send in a second, for long, 50; more close the connection with 1008. 0: no limit. */
    public int inboundRate() {
        return intOf(Limit.INBOUND_RATE);
    }

    /** How many messages a client may send at once, 100, before its {@link #inboundRate()} counts. */
    public int inboundBurst() {
        return intOf(Limit.INBOUND_BURST);
    }

    /** The same limits with another {@link #inboundRate()}, 0 for none, and {@link #inboundBurst()}, at least 1. */
    public Limits inboundRate(int messagesPerSecond, int burst) {
        return with(Limit.INBOUND_RATE, messagesPerSecond).with(Limit.INBOUND_BURST, burst);
    }

    /** How many topics a connection may be subscribed to, 100; one more closes it with 1008. */
    public int subscriptions() {
        return intOf(Limit.SUBSCRIPTIONS);
    }

    /** The same limits with another {@link #subscriptions()}, at least 1. */
    public Limits subscriptions(int topics) {
        return with(Limit.SUBSCRIPTIONS, topics);
    }

    /**
     * How many connections there may be, 50,000; whoever asks for one more is answered 503. 0: no limit. There are never more than the
     * process has file descriptors for, less one in 16 and at least 64, which it needs besides.
     */
    public int connections() {
        return intOf(Limit.CONNECTIONS);
    }

    /** The same limits with another {@link #connections()}; 0 for none. */
    public Limits connections(int count) {
        return with(Limit.CONNECTIONS, count);
    }

    /** How many upgrades there may be in a second, 5,000, and as many at once; more are answered 503. 0: no limit. */
    public int upgradesPerSecond() {
        return intOf(Limit.UPGRADES_PER_SECOND);
    }

    /** The same limits with another {@link #upgradesPerSecond()}; 0 for none. */
    public Limits upgradesPerSecond(int count) {
        return with(Limit.UPGRADES_PER_SECOND, count);
    }

    /**
     * How much may be {@linkplain Connection#send sent} to a client whose socket is full, in bytes, 256 KiB, before it is
     * closed with 1013. Messages of the log do not count: they stay in the log.
     */
    public int unsentLength() {
        return intOf(Limit.UNSENT_LENGTH);
    }

    /** The same limits with another {@link #unsentLength()}, at least 0. */
    public Limits unsentLength(int bytes) {
        return with(Limit.UNSENT_LENGTH, bytes);
    }

    /**
     * What the operating system may keep for a client that does not read, in bytes, 128 KiB (Linux doubles it for its own
     * accounting): otherwise this may grow to megabytes for each of them, and hide that they are slow. A client far away
     * gets no more than this in each round trip. 0: as the system decides.
     */
    public int socketBufferLength() {
        return intOf(Limit.SOCKET_BUFFER_LENGTH);
    }

    /** The same limits with another {@link #socketBufferLength()}; 0 to leave it to the system. */
    public Limits socketBufferLength(int bytes) {
        return with(Limit.SOCKET_BUFFER_LENGTH, bytes);
    }

    /**
     * How many messages of its topics a client that cannot keep up may be behind before it is closed with 1013. 0, which is
     * the default: no limit, because being behind costs no memory, and the log's beginning is a limit in any case.
     */
    public long messagesBehind() {
        return valueOf(Limit.MESSAGES_BEHIND);
    }

    /** The same limits with another {@link #messagesBehind()}; 0 for none. */
    public Limits messagesBehind(long count) {
        return with(Limit.MESSAGES_BEHIND, count);
    }

    /** The same as {@link #messagesBehind()} in bytes of their payloads; 0, no limit, by default. */
    public long bytesBehind() {
        return valueOf(Limit.BYTES_BEHIND);
    }

    /** The same limits with another {@link #bytesBehind()}; 0 for none. */
    public Limits bytesBehind(long bytes) {
        return with(Limit.BYTES_BEHIND, bytes);
    }

    /** How long a client that is behind may take nothing at all, 30 s, before it is closed with 1013. */
    public Duration stall() {
        return durationOf(Limit.STALL_MS);
    }

    /** The same limits with another {@link #stall()}, at least one second. */
    public Limits stall(Duration duration) {
        return with(Limit.STALL_MS, duration.toMillis());
    }

    /** How long a client may be silent, 25 s, before it is sent a ping, which it has to answer. */
    public Duration pingAfter() {
        return durationOf(Limit.PING_AFTER_MS);
    }

    /** The same limits with another {@link #pingAfter()}, at least one second. */
    public Limits pingAfter(Duration duration) {
        return with(Limit.PING_AFTER_MS, duration.toMillis());
    }

    /** How long a client may be silent, pings or not, 60 s, before it is taken for dead and closed with 1013. */
    public Duration deadAfter() {
        return durationOf(Limit.DEAD_AFTER_MS);
    }

    /** The same limits with another {@link #deadAfter()}, at least one second; useful only when longer than the ping's. */
    public Limits deadAfter(Duration duration) {
        return with(Limit.DEAD_AFTER_MS, duration.toMillis());
    }

    /** How long a client may send no message, whatever it is sent, before it is closed with 1001. 0, the default: for ever. */
    public Duration idle() {
        return durationOf(Limit.IDLE_MS);
    }

    /** The same limits with another {@link #idle()}; zero for none. */
    public Limits idle(Duration duration) {
        return with(Limit.IDLE_MS, duration.toMillis());
    }

    /**
     * How long a connection may last before it is closed with 1012, to come back; some are closed up to a tenth sooner, so
     * that those who came together do not come back together. 0, the default: for ever.
     */
    public Duration lifetime() {
        return durationOf(Limit.LIFETIME_MS);
    }

    /** The same limits with another {@link #lifetime()}; zero for none. */
    public Limits lifetime(Duration duration) {
        return with(Limit.LIFETIME_MS, duration.toMillis());
    }

    /**
     * How long a client may take from its TCP connection to its first complete request, and an {@link Authenticator} to
     * decide on it, 5 s, before the TCP connection is closed.
     */
    public Duration upgradeDeadline() {
        return durationOf(Limit.UPGRADE_DEADLINE_MS);
    }

    /** The same limits with another {@link #upgradeDeadline()}, at least 100 ms. */
    public Limits upgradeDeadline(Duration duration) {
        return with(Limit.UPGRADE_DEADLINE_MS, duration.toMillis());
    }

    /** Each limit with its name; durations in milliseconds. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Limit limit : Limit.values()) {
            text.append(text.length() == 0 ? "" : ", ").append(limit.title).append(' ');
            text.append(valueOf(limit)).append(limit.name().endsWith("_MS") ? " ms" : "");
        }
        return text.toString();
    }

    /** The shortest of the limits that tell who is to go. */
    Duration shortestOfLife() {
        long shortest = Long.MAX_VALUE;
        for (Limit limit : new Limit[] {Limit.PING_AFTER_MS, Limit.DEAD_AFTER_MS, Limit.IDLE_MS, Limit.LIFETIME_MS}) {
            shortest = valueOf(limit) == 0 ? shortest : Math.min(shortest, valueOf(limit));
        }
        return Duration.ofMillis(shortest);
    }

    private long valueOf(Limit limit) {
        return values.getOrDefault(limit, limit.byDefault);
    }

    private int intOf(Limit limit) {
        return (int) valueOf(limit); // it was set as an int
    }

    private Duration durationOf(Limit limit) {
        return Duration.ofMillis(valueOf(limit));
    }

    private Limits with(Limit limit, long value) {
        if (value < limit.min) {
            throw new IllegalArgumentException(limit.title + " is " + value + ", at least " + limit.min + " is needed");
        }
        Map<Limit, Long> changed = new EnumMap<>(values);
        changed.put(limit, value);
        return new Limits(changed);
    }
}
