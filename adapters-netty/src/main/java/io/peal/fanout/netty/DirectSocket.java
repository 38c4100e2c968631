package io.peal.fanout.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelOutboundHandler;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A short cut for frames that many connections share: while a channel has nothing queued, they are written from where they
 * are, without an entry in the channel's queue, a derived buffer, or the way through its pipeline. What the socket does not
 * take goes the ordinary way, and as long as that is queued, so does everything behind it. Belongs to the channel's event
 * loop.
 *
 * <p>Only on Netty's epoll, whose sockets are written by this thread and no other, and only if no handler on the way out
 * would see the bytes, as one for TLS has to.
 */
final class DirectSocket {

    private static final String EPOLL_CHANNEL = "io.netty.channel.epoll.EpollSocketChannel"; // which need not be there

    private final Channel channel;
    private final Socket socket;

    private DirectSocket(Channel channel, Socket socket) {
        this.channel = channel;
        this.socket = socket;
    }

    /** The short cut for a handler's channel, null if there is none. */
    static @Nullable DirectSocket of(ChannelHandlerContext own) {
        Channel channel = own.channel();
        if (!channel.getClass().getName().equals(EPOLL_CHANNEL) || isAnyoneOnTheWayOut(own)) {
            return null;
        }
        return channel instanceof UnixChannel unix && unix.fd() instanceof Socket socket
                ? new DirectSocket(channel, socket)
                : null;
    }

    /** Whether what is written now would not overtake anything. */
    boolean isFree() {
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer(); // null as soon as the channel is being closed
        return queue != null && queue.totalPendingWriteBytes() == 0 && channel.isActive();
    }

    /** Writes what the socket takes; how many bytes that were, 0 also if it is broken: the ordinary way will find out. */
    int write(ByteBuf frames) {
        try {
            return socket.sendAddress(frames.memoryAddress(), frames.readerIndex(), frames.writerIndex());
        } catch (IOException broken) {
            return 0;
        }
    }

    private static boolean isAnyoneOnTheWayOut(ChannelHandlerContext own) {
        for (Map.Entry<String, ChannelHandler> entry : own.pipeline()) {
            if (entry.getValue() == own.handler()) {
                return false;
            }
            if (entry.getValue() instanceof ChannelOutboundHandler) {
                return true;
            }
        }
        return true;
    }
}
