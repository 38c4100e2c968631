/** The load test of {@code load.jar run}: clients, publishers, the check of every delivery, and what is written about it. */
@NullMarked
package io.peal.load.run;

import org.jspecify.annotations.NullMarked;
