package io.peal.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.Arrays;
import java.util.Collections;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * How long the machine takes for a fixed piece of work: writing to a pipe and reading from it, which is most of what
 * servers do, on all processors at once. A host that is shared is slower at some times than at others, for seconds or for
 * minutes, and what was measured then says little about servers. To be asked when nothing else runs, by one thread.
 */
public final class MachineSpeed implements AutoCloseable {

    /** How many times as long as at the best time still counts as full speed. */
    static final double TOLERANCE = 1.1;

    private static final int PIECES = 100;
    private static final int TIMES_IN_A_PIECE = 300; // a fifth of a millisecond
    private static final int MESSAGE_LENGTH = 512;
    private static final long WARM_UP_NS = TimeUnit.SECONDS.toNanos(3);
    private static final long LOOK_AGAIN_MS = 100;
    private static final long FIRST_PATIENCE_NS = TimeUnit.SECONDS.toNanos(20);

    /** Something that is measured. */
    @FunctionalInterface
    public interface Measurement<T> {
        T run() throws IOException, InterruptedException;
    }

    /**
     * What was measured.
     *
     * @param slowestUs what the piece of work took right before or right after it, whichever was more
     * @param atFullSpeed whether that is about the least there had been until then
     */
    public record Measured<T>(T result, double slowestUs, boolean atFullSpeed) {}

    private final int processors = Runtime.getRuntime().availableProcessors();
    private final ExecutorService threads = Executors.newFixedThreadPool(processors);
    private double leastUs;
    private long patienceNs = FIRST_PATIENCE_NS; // that may still be spent on a neighbour of the same host

    /** Warms up, which takes some seconds. */
    public MachineSpeed() throws InterruptedException {
        long end = System.nanoTime() + WARM_UP_NS;
        while (System.nanoTime() - end < 0) {
            leastUs = Double.MAX_VALUE; // what it took before it was compiled does not count
            lookUs();
        }
    }

    /** What a piece of the work takes now, in microseconds: the median on the slowest processor. */
    private double lookUs() throws InterruptedException {
        try {
            double slowest = 0;
            Callable<Double> work = MachineSpeed::work;
            for (Future<Double> each : threads.invokeAll(Collections.nCopies(processors, work))) {
                slowest = Math.max(slowest, each.get());
            }
            leastUs = Math.min(leastUs, slowest);
            return slowest;
        } catch (ExecutionException e) {
            throw new IllegalStateException("the machine's speed cannot be measured", e.getCause());
        }
    }

    /** Whether a figure is about the least there has been. */
    private boolean isFull(double us) {
        return us <= leastUs * TOLERANCE;
    }

    /**
     * Measures when the machine has its full speed, and again if it did not keep it. A neighbour may stay for hours, so no more
     * time is spent on waiting and on measuring again than on what was measured once.
     */
    public <T> Measured<T> measure(Measurement<T> measurement) throws IOException, InterruptedException {
        double beforeUs = awaitFull();
        long start = System.nanoTime();
        T result = measurement.run();
        long tookNs = System.nanoTime() - start;
        patienceNs += tookNs;
        double slowestUs = Math.max(beforeUs, lookUs());
        while (!isFull(slowestUs) && patienceNs >= tookNs) {
            beforeUs = awaitFull();
            result = measurement.run();
            patienceNs -= tookNs;
            slowestUs = Math.max(beforeUs, lookUs());
        }
        return new Measured<>(result, slowestUs, isFull(slowestUs));
    }

    private double awaitFull() throws InterruptedException {
        long start = System.nanoTime();
        double us = lookUs();
        while (!isFull(us) && System.nanoTime() - start < patienceNs) {
            Thread.sleep(LOOK_AGAIN_MS);
            us = lookUs();
        }
        patienceNs -= Math.min(patienceNs, System.nanoTime() - start);
        return us;
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }

    private static double work() throws IOException {
        Pipe pipe = Pipe.open();
        try (Pipe.SinkChannel in = pipe.sink();
                Pipe.SourceChannel out = pipe.source()) {
            ByteBuffer message = ByteBuffer.allocateDirect(MESSAGE_LENGTH);
            double[] us = new double[PIECES];
            for (int i = 0; i < PIECES; i++) {
                long start = System.nanoTime();
                for (int j = 0; j < TIMES_IN_A_PIECE; j++) {
                    in.write(message.clear());
                    out.read(message.clear());
                }
                us[i] = (System.nanoTime() - start) / 1e3;
            }
            Arrays.sort(us);
            return us[PIECES / 2];
        }
    }
}
