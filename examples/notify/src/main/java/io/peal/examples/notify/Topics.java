package io.peal.examples.notify;

import io.peal.bus.Topic;

/** Which topics there are: those of clients, and those by which the replicas talk to each other. */
final class Topics {

    /** How the names begin of those that clients may read, but not publish to. */
    static final String OWN = "_";

    private static final Topic DEFAULT = Topic.of("broadcast");

    private Topics() {}

    /** The topic that a request names, or the default one; a name that is none is an {@link IllegalArgumentException}. */
    static Topic named(String name) {
        return name == null ? DEFAULT : Topic.of(name);
    }

    static boolean isOwn(String name) {
        return name.startsWith(OWN);
    }
}
