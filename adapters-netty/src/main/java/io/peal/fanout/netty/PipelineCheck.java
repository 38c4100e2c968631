package io.peal.fanout.netty;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.handler.timeout.WriteTimeoutHandler;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks for handlers that do not go well with a connection, and says so once for each kind. Thread-safe. */
final class PipelineCheck {

    private static final Logger LOGGER = LoggerFactory.getLogger(NettyFanout.class);

    private final Set<String> said = Collections.newSetFromMap(new ConcurrentHashMap<>());

    /** Looks at a pipeline that becomes a connection's. */
    void look(ChannelPipeline pipeline) {
        for (String problem : problems(pipeline)) {
            if (said.add(problem)) {
                LOGGER.warn("{}", problem);
            }
        }
    }

    static List<String> problems(ChannelPipeline pipeline) {
        List<String> problems = new ArrayList<>();
        for (Map.Entry<String, ChannelHandler> entry : pipeline) {
            String handler = "handler '" + entry.getKey() + "' ("
                    + entry.getValue().getClass().getSimpleName() + ") ";
            if (entry.getValue() instanceof IdleStateHandler) { // which the handler of read time-outs is, too
                problems.add(handler + "watches a connection that Peal watches already, and makes each write allocate:"
                        + " remove it, and set pingAfter and deadAfter in Limits");
            } else if (entry.getValue() instanceof WriteTimeoutHandler) {
                problems.add(
                        handler + "makes each write allocate, and ends a slow connection without a word: remove it,"
                                + " and set stall in Limits");
            } else if (entry.getValue() instanceof WebSocketServerProtocolHandler) {
                problems.add(
                        handler + "is for WebSockets, too: what it upgrades never reaches Peal, and it stays in the"
                                + " way of what Peal upgrades; let each path have a pipeline of one of them");
            }
        }
        return problems;
    }
}
