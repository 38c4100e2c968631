package io.peal.fanout.jetty;

import io.peal.fanout.Connection;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.common.WebSocketSession;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.jspecify.annotations.Nullable;

/**
 * A fanout on Jetty: some threads own a shard each, and every connection belongs to one of them. Jetty's own threads read
 * from the sockets; what they find is handed over. Thread-safe.
 */
public final class JettyFanout {

    private final Fanout fanout;
    private final int shardCount;
    private final AtomicInteger turn = new AtomicInteger();
    private final Set<Connector> watched = ConcurrentHashMap.newKeySet();
    private @Nullable List<JettyShard> shards; // made with the first connection; guarded by this

    private JettyFanout(Fanout fanout, int shardCount) {
        this.fanout = fanout;
        this.shardCount = shardCount;
    }

    /** Brings a fanout to Jetty, with a thread for every second processor, and one at least: others have work to do, too. */
    public static JettyFanout of(Fanout fanout) {
        return of(fanout, Math.max(1, Runtime.getRuntime().availableProcessors() / 2));
    }

    /** Brings a fanout to Jetty, with that many threads. */
    public static JettyFanout of(Fanout fanout, int shards) {
        if (shards < 1) {
            throw new IllegalArgumentException("shards is " + shards + ", at least 1 is needed");
        }
        return new JettyFanout(fanout, shards);
    }

    /**
     * A handler that makes a path a WebSocket endpoint, and lets every other request pass to the handler it wraps. It goes
     * where handlers go: {@code server.insertHandler(endpoint)} puts it in front of everything, {@code
     * context.insertHandler(endpoint)} into the context of a web application, in front of its servlets and whatever their
     * version is. The same for a second path.
     *
     * @param path compared with the path within the context, without the query; begins with a slash
     */
    public Handler.Singleton endpoint(String path, ConnectionHandler handler) {
        if (!path.startsWith("/") || path.indexOf('?') >= 0) {
            throw new IllegalArgumentException("path is '" + path + "': it begins with a slash and has no query");
        }
        return new UpgradeHandler(this, new FanoutSession.Route(path, handler, fanout.limits()));
    }

    /**
     * Brings the fanout to a session of your own listener, on any of Jetty's APIs for them (its own, and that of servlets
     * of any version), to be called in {@code onWebSocketOpen}. What the client sends stays the listener's; what the fanout
     * sends goes in the order of the log, between whole messages that the listener sends. A listener that sends a message in
     * parts is in the way of all others, so that ends the connection.
     *
     * <p>The session's limits are Jetty's and yours, as are the origin and who may connect; how many connections there may be
     * (one too many is closed with 1013), what the fanout sends to it, and when it is too slow, is the fanout's. Its frames take Jetty's way to the socket, which costs more than that of an
     * {@link #endpoint}; and a Close ends the connection at once, because that is what Jetty does.
     *
     * @param handler told of gaps and of the end; its {@code onMessage} is not called
     * @return the connection, ready to subscribe
     */
    public Connection attach(Session session, ConnectionHandler handler) {
        if (!(session instanceof WebSocketSession jettys
                && jettys.getCoreSession() instanceof WebSocketCoreSession core)) {
            throw new IllegalArgumentException(
                    "session is a " + session.getClass().getName() + ", none of Jetty's");
        }
        JettyShard shard = nextShard(core.getByteBufferPool());
        return AttachedSession.open(core, shard, fanout.placeOfAdmitted(), handler)
                .connection();
    }

    /** The same, for who does not want to be told of gaps or of the end. */
    public Connection attach(Session session) {
        return attach(session, connection -> {});
    }

    Fanout fanout() {
        return fanout;
    }

    /** Keeps the deadline for upgrades, on connectors that it is not kept on yet. */
    void watch(Server server) {
        for (Connector connector : server.getConnectors()) {
            if (watched.add(connector)) {
                connector.addEventListener(new UpgradeDeadline(
                        connector.getScheduler(), fanout.limits().upgradeDeadline()));
            }
        }
    }

    /** The next shard in turn. */
    JettyShard nextShard(ByteBufferPool pool) {
        List<JettyShard> all = shards(pool);
        return all.get(Math.floorMod(turn.getAndIncrement(), all.size()));
    }

    private synchronized List<JettyShard> shards(ByteBufferPool pool) {
        List<JettyShard> known = shards;
        if (known == null) {
            known = new ArrayList<>();
            for (int i = 0; i < shardCount; i++) {
                WorkerLoop loop = new WorkerLoop("peal-jetty-" + i);
                known.add(new JettyShard(fanout.newShard(loop, new JettyMemory(pool)), loop));
            }
            shards = known;
        }
        return known;
    }
}
