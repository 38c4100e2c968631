package io.peal.benchmarks;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A server that two measuring processes talk through, on a port of the loopback interface that is in a file. */
final class Companion {

    private static final String PORT_FILE = "port";
    private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long SLEEP_NS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(20);

    private Companion() {}

    /** Chooses a free port, and tells it to those who will connect. */
    static int choosePort(Path directory) throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = free.getLocalPort();
            Files.writeString(directory.resolve(PORT_FILE), String.valueOf(port));
            return port;
        }
    }

    /** The port, as soon as somebody listens there. */
    static int awaitPort(Path directory) throws IOException {
        int port = Integer.parseInt(Files.readString(directory.resolve(PORT_FILE)));
        long deadline = System.nanoTime() + PATIENCE_NS;
        while (true) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return socket.getPort();
            } catch (IOException e) {
                if (System.nanoTime() > deadline) {
                    throw e;
                }
                LockSupport.parkNanos(LOOK_NS);
            }
        }
    }

    /** Seldom looks, as it is asleep where idle processes are measured: two hundred looks a second are half a percent of a core. */
    static void sleepUntil(BooleanSupplier done) {
        while (!done.getAsBoolean()) {
            LockSupport.parkNanos(SLEEP_NS);
        }
    }
}
