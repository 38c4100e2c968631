package io.peal.examples.notify;

import io.peal.bus.Bus;
import io.peal.bus.Topic;

/**
 * How the demo kills a replica of choice. Behind a shared port nobody chooses which replica a request reaches, so the wish
 * travels on the bus, and the one that is meant halts.
 */
final class DeathWish {

    static final Topic TOPIC = Topic.of("_kill");

    private DeathWish() {}

    static void obey(Bus bus, int number) {
        bus.subscribe(TOPIC, message -> {
            if (message.text().equals(String.valueOf(number))) {
                halt();
            }
        });
    }

    /** As {@code kill -9} would: no answer is sent, nothing is closed. */
    static void halt() {
        Runtime.getRuntime().halt(128 + 9);
    }
}
