/**
 * What a user of a bus learns: a {@link io.peal.bus.Topic}, a {@link io.peal.bus.Publisher}, a {@link
 * io.peal.bus.Subscriber}, and one ordered log between them.
 *
 * <p>A {@link io.peal.bus.Bus} is the same log in every replica of a service. Whatever is published gets one position
 * there, and everybody reads in the order of positions.
 */
@NullMarked
package io.peal.bus;

import org.jspecify.annotations.NullMarked;
