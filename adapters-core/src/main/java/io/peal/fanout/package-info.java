/**
 * The delivery engine of one replica: which connection gets which message, and from where in the log. It knows no server;
 * an adapter gives each connection an {@link io.peal.fanout.Outlet} and reports to its {@link io.peal.fanout.Inlet}.
 */
@NullMarked
package io.peal.fanout;

import org.jspecify.annotations.NullMarked;
