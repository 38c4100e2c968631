/** One service on several hosts: a bridge on each host carries what is published there to the buses of the others. */
@NullMarked
package io.peal.bus.aeron.hosts;

import org.jspecify.annotations.NullMarked;
