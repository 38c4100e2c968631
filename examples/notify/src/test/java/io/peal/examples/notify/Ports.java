package io.peal.examples.notify;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

/** Ports to listen on, below those that connections are given: one of these could be taken before it is used. */
final class Ports {

    private Ports() {}

    /** The first of some free ones behind each other. */
    static int free(int count) {
        while (true) {
            int first = ThreadLocalRandom.current().nextInt(15_000, 30_000);
            if (IntStream.range(first, first + count).allMatch(Ports::isFree)) {
                return first;
            }
        }
    }

    static boolean isFree(int port) {
        try (ServerSocket probe = new ServerSocket(port)) {
            return probe.isBound();
        } catch (IOException taken) {
            return false;
        }
    }
}
