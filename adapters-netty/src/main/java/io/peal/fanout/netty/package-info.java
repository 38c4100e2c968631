/** Peal on Netty: {@link io.peal.fanout.netty.NettyFanout} installs WebSocket endpoints into an existing pipeline. */
@NullMarked
package io.peal.fanout.netty;

import org.jspecify.annotations.NullMarked;
