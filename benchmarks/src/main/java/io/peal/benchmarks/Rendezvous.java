package io.peal.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** How a sender knows that its receiver receives: by a file. */
final class Rendezvous {

    private static final String READY_FILE = "ready";
    private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(5);

    private Rendezvous() {}

    /** The same condition, which tells the sender when it is asked for the first time: then receiving has begun. */
    static BooleanSupplier announcing(Path directory, BooleanSupplier done) {
        boolean[] announced = {false};
        return () -> {
            if (!announced[0]) {
                announced[0] = true;
                announce(directory);
            }
            return done.getAsBoolean();
        };
    }

    /** For the sender, before it begins. */
    static void await(Path directory) {
        while (Files.notExists(directory.resolve(READY_FILE))) {
            LockSupport.parkNanos(LOOK_NS);
        }
    }

    private static void announce(Path directory) {
        try {
            Files.createFile(directory.resolve(READY_FILE));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
