/** What Peal costs: JMH benchmarks of single operations, and programs that measure between processes. */
@NullMarked
package io.peal.benchmarks;

import org.jspecify.annotations.NullMarked;
