package io.peal.fanout.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.fanout.Shard;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A fanout on Netty's event loops: each loop that has connections owns a shard. Thread-safe.
 *
 * <p>It serves any transport of Netty (epoll, NIO, io_uring) and stands beside other handlers in a pipeline.
 */
public final class NettyFanout {

    private final Fanout fanout;
    private final PipelineCheck pipelineCheck = new PipelineCheck();
    private final ConcurrentHashMap<EventLoop, Shard<ByteBuf>> shards = new ConcurrentHashMap<>();

    /*
     * Frames are shared by many connections, so their memory is not the channels' allocator's business. A pooled allocator
     * recycles the duplicate that each connection writes; the adaptive one, Netty's default, makes a new object each time.
     */
    private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true);

    private NettyFanout(Fanout fanout) {
        this.fanout = fanout;
    }

    /** Brings a fanout to Netty. */
    public static NettyFanout of(Fanout fanout) {
        return new NettyFanout(fanout);
    }

    /**
     * Makes a path of a server a WebSocket endpoint. To be called in {@code initChannel}, behind an {@link
     * HttpServerCodec} and an {@link HttpObjectAggregator}; several times for several paths. Requests for other paths go
     * on to the handlers behind, untouched.
     *
     * @param path compared with the request's path as it is, without the query; begins with a slash
     * @throws IllegalStateException if the pipeline has no codec or no aggregator before this
     */
    public void install(ChannelPipeline pipeline, String path, ConnectionHandler handler) {
        if (!path.startsWith("/") || path.indexOf('?') >= 0) {
            throw new IllegalArgumentException("path is '" + path + "': it begins with a slash and has no query");
        }
        if (pipeline.get(HttpServerCodec.class) == null || pipeline.get(HttpObjectAggregator.class) == null) {
            throw new IllegalStateException("the pipeline needs an HttpServerCodec and an HttpObjectAggregator before '"
                    + path + "' is installed: " + pipeline.names());
        }
        pipeline.addLast("peal " + path, new UpgradeHandler(this, path, handler));
    }

    PipelineCheck pipelineCheck() {
        return pipelineCheck;
    }

    Fanout fanout() {
        return fanout;
    }

    Shard<ByteBuf> shardOf(Channel channel) {
        return shards.computeIfAbsent(
                channel.eventLoop(), loop -> fanout.newShard(new NettyLoop(loop), new NettyMemory(allocator)));
    }
}
