/** What the documentation shows, compiled and run. */
@NullMarked
package io.peal.docs;

import org.jspecify.annotations.NullMarked;
