package io.peal.load;

import java.nio.file.Path;

/** A {@link BroadcastServer} until its standard input ends. */
final class BroadcastServerMain {

    private BroadcastServerMain() {}

    /** Arguments: the kind, a directory for the bus. Prints where it listens. */
    public static void main(String... args) throws Exception {
        BroadcastServer server = BroadcastServer.Kind.valueOf(args[0]).start(Path.of(args[1]));
        System.out.println("listening " + server.port());
        while (System.in.read() >= 0) {
            // until whoever has started it ends
        }
        System.exit(0);
    }
}
