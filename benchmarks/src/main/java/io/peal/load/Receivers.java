package io.peal.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * Lean WebSocket clients on one event loop, which look at the number and the time of each message and at nothing else; and
 * clients that connect and never read. Counters may be read from any thread.
 */
final class Receivers implements AutoCloseable {

    private static final int RING = 1 << 16; // more than there will ever be messages in flight
    private static final int BINARY = 2;
    private static final int PING = 9;
    private static final byte[] PONG = {(byte) 0x8a, (byte) 0x80, 0, 0, 0, 0}; // empty, and masked with nothing
    private static final int STALLED_BUFFER_LENGTH = 4_096;
    private static final byte[] REQUEST = ("GET " + BroadcastServer.PATH + " HTTP/1.1\r\nHost: localhost\r\n"
                    + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: cGVhbCBsb2FkIHRvb2whIQ==\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);

    private final int port;
    private final Runnable onEverybodyHasOne;
    private final boolean epoll = Epoll.isAvailable();
    private final MultiThreadIoEventLoopGroup loop =
            new MultiThreadIoEventLoopGroup(1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    private final int[] receivedBy = new int[RING]; // of the event loop: how many have a message, by its number
    private final Histogram latencyNs = new Histogram(TimeUnit.MINUTES.toNanos(1), 3); // of the event loop
    private final AtomicLong deliveries = new AtomicLong();
    private final AtomicLong outOfOrder = new AtomicLong();
    private final AtomicInteger closed = new AtomicInteger();
    private final AtomicInteger stalledClosed = new AtomicInteger();
    private int count;

    /** @param onEverybodyHasOne called on the event loop whenever all receivers have got a message */
    Receivers(int port, Runnable onEverybodyHasOne) {
        this.port = port;
        this.onEverybodyHasOne = onEverybodyHasOne;
    }

    /** Connects clients that read; to be done before the first message. */
    void connect(int receivers) {
        count = receivers;
        for (int i = 0; i < receivers; i++) {
            connectOne(new Receiving(), 0).syncUninterruptibly();
        }
    }

    /** Connects clients that never read; each comes back when the server has closed it. */
    void connectStalled(int clients) {
        for (int i = 0; i < clients; i++) {
            connectOne(new Stalled(), STALLED_BUFFER_LENGTH).syncUninterruptibly();
        }
    }

    long deliveries() {
        return deliveries.get();
    }

    /** How many messages came that were not the next one. */
    long outOfOrder() {
        return outOfOrder.get();
    }

    /** How many clients that read were closed by the server. */
    int closed() {
        return closed.get();
    }

    /** How many times one that did not read was. */
    int stalledClosed() {
        return stalledClosed.get();
    }

    /** What was recorded since the last call. */
    Histogram takeLatencyNs() {
        return loop.submit(() -> {
                    Histogram taken = latencyNs.copy();
                    latencyNs.reset();
                    return taken;
                })
                .syncUninterruptibly()
                .getNow();
    }

    @Override
    public void close() {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private ChannelFuture connectOne(ChannelInboundHandlerAdapter handler, int receiveBufferLength) {
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .handler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline().addLast(handler);
                    }
                });
        if (receiveBufferLength > 0) {
            bootstrap.option(ChannelOption.SO_RCVBUF, receiveBufferLength);
        }
        return bootstrap.connect(InetAddress.getLoopbackAddress(), port);
    }

    private void received(long number, long timeNs) {
        latencyNs.recordValue(Math.max(0, Math.min(System.nanoTime() - timeNs, latencyNs.getHighestTrackableValue())));
        int slot = (int) number & (RING - 1);
        if (++receivedBy[slot] == count) {
            receivedBy[slot] = 0;
            onEverybodyHasOne.run();
        }
    }

    /** Reads frames as they come from a server: unmasked and unfragmented. */
    private final class Receiving extends ByteToMessageDecoder {

        private boolean upgraded;
        private long last;

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(Unpooled.wrappedBuffer(REQUEST));
        }

        @Override
        protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
            if (!upgraded) {
                int end = in.toString(StandardCharsets.US_ASCII).indexOf("\r\n\r\n");
                if (end < 0) {
                    return;
                }
                in.skipBytes(end + 4);
                upgraded = true;
            }
            boolean more = true;
            while (more) {
                more = readFrame(ctx, in);
            }
        }

        private boolean readFrame(ChannelHandlerContext ctx, ByteBuf in) {
            int at = in.readerIndex();
            int available = in.readableBytes();
            if (available < 2) {
                return false;
            }
            int length = in.getByte(at + 1);
            int headerLength = 2;
            if (available < (length == 126 ? 4 : length == 127 ? 10 : 2)) {
                return false;
            }
            if (length == 126) {
                length = in.getUnsignedShort(at + 2);
                headerLength = 4;
            } else if (length == 127) {
                length = (int) in.getLong(at + 2);
                headerLength = 10;
            }
            if (available < headerLength + length) {
                return false;
            }
            int opcode = in.getByte(at) & 0x0f;
            if (opcode == PING) {
                ctx.writeAndFlush(Unpooled.wrappedBuffer(PONG));
            } else if (opcode == BINARY) {
                long number = in.getLong(at + headerLength);
                deliveries.incrementAndGet();
                if (number != last + 1) {
                    outOfOrder.incrementAndGet();
                }
                last = number;
                received(number, in.getLong(at + headerLength + Long.BYTES));
            }
            in.skipBytes(headerLength + length);
            return true;
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            closed.incrementAndGet();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable broken) {
            ctx.close();
        }
    }

    /** Has its handshake answered, and reads nothing from then on. */
    private final class Stalled extends ChannelInboundHandlerAdapter {

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(Unpooled.wrappedBuffer(REQUEST));
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            ctx.channel().config().setAutoRead(false); // it reads on when the server has closed
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable reset) {
            ctx.close();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            stalledClosed.incrementAndGet();
            if (!loop.isShuttingDown()) {
                loop.schedule(() -> connectOne(new Stalled(), STALLED_BUFFER_LENGTH), 1, TimeUnit.SECONDS);
            }
        }
    }
}
