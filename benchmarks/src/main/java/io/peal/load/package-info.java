/**
 * The load tool: real WebSocket clients and publishers against running servers, every delivery checked. So far it has one
 * command, {@code check}, which is behind {@code ./demo --check}.
 */
@NullMarked
package io.peal.load;

import org.jspecify.annotations.NullMarked;
