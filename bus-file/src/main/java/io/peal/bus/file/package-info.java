/**
 * OrderLog: the bus over memory-mapped files, shared by the processes of one host. It needs no daemon and no JVM flag.
 * {@link io.peal.bus.file.FileBus} is the way in; {@code OrderLog} explains how it works.
 */
@NullMarked
package io.peal.bus.file;

import org.jspecify.annotations.NullMarked;
