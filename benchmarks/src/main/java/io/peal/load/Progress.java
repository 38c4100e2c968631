package io.peal.load;

import java.util.concurrent.TimeUnit;

/** One line that says how far a run is: rewritten in place on a terminal, now and then a new one elsewhere. */
final class Progress {

    private static final long INTERVAL_NS = TimeUnit.SECONDS.toNanos(5);

    private final boolean terminal;
    private long shownNs = System.nanoTime() - INTERVAL_NS;

    Progress(boolean terminal) {
        this.terminal = terminal;
    }

    void show(String line) {
        if (terminal) {
            System.out.print("\r" + line + "\u001b[K");
            System.out.flush();
        } else if (System.nanoTime() - shownNs >= INTERVAL_NS) {
            shownNs = System.nanoTime();
            System.out.println(line);
        }
    }

    void end() {
        if (terminal) {
            System.out.println();
        }
    }
}
