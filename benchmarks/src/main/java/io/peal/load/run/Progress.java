package io.peal.load.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** One line that says how far a run is: rewritten in place on a terminal, now and then a new one elsewhere. */
public final class Progress {

    private static final long INTERVAL_NS = TimeUnit.SECONDS.toNanos(5);

    private final boolean terminal;
    private long shownNs = System.nanoTime() - INTERVAL_NS;

    /** @param terminal whether a line may be rewritten */
    public Progress(boolean terminal) {
        this.terminal = terminal;
    }

    /** Whether the standard output is a terminal, as far as Linux says; the JVM does not. */
    public static boolean isTerminal() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/1")).startsWith("/dev/pts");
        } catch (IOException | UnsupportedOperationException unknown) {
            return false;
        }
    }

    /** Shows a line in place of the last one. */
    public void show(String line) {
        if (terminal) {
            System.out.print("\r" + line + "\u001b[K");
            System.out.flush();
        } else if (System.nanoTime() - shownNs >= INTERVAL_NS) {
            shownNs = System.nanoTime();
            System.out.println(line);
        }
    }

    /** Leaves the last line as it is. */
    public void end() {
        if (terminal) {
            System.out.println();
        }
    }
}
