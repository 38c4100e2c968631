/** The bus over Aeron: one stream of its media driver, and what it takes to lose nothing when the driver is lost. */
@NullMarked
package io.peal.bus.aeron;

import org.jspecify.annotations.NullMarked;
