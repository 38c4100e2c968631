/** What is said to clients beyond raw messages: the Centrifuge JSON protocol, so that SDKs that exist already resume. */
@NullMarked
package io.peal.protocol;

import org.jspecify.annotations.NullMarked;
