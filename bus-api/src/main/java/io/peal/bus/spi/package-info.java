/** For those who implement a {@link io.peal.bus.Bus}: what every implementation needs and none should write again. */
@NullMarked
package io.peal.bus.spi;

import org.jspecify.annotations.NullMarked;
