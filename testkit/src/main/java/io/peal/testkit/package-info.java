/**
 * What tests of Peal are made of, published so that others can test theirs: {@linkplain io.peal.testkit.BusContract the
 * contract of a bus}, a bus in memory, and replicas as real processes that can be killed and stopped.
 */
@NullMarked
package io.peal.testkit;

import org.jspecify.annotations.NullMarked;
