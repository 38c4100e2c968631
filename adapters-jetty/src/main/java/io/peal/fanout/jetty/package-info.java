/** Peal on Jetty: {@link io.peal.fanout.jetty.JettyFanout} makes paths of an existing server WebSocket endpoints. */
@NullMarked
package io.peal.fanout.jetty;

import org.jspecify.annotations.NullMarked;
