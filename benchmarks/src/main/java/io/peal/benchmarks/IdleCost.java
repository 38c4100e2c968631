package io.peal.benchmarks;

import io.peal.bus.Bus;
import io.peal.bus.Topic;
import io.peal.bus.file.FileBus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What replicas cost that have nothing to do: some processes that are subscribed and asleep, and one without a bus beside
 * them, because a JVM is never quite idle.
 *
 * <p>Usage: {@code java -cp benchmarks/target/benchmarks.jar io.peal.benchmarks.IdleCost [SECONDS]}
 */
public final class IdleCost {

    private static final int REPLICAS = 3;
    private static final int SETTLING_SECONDS = 10;

    private IdleCost() {}

    /** See the class. */
    public static void main(String... args) throws IOException, InterruptedException {
        if (args.length == 2) {
            beIdle(args[0], Path.of(args[1]));
            return;
        }
        int seconds = args.length == 1 ? Integer.parseInt(args[0]) : 30;
        try (ScratchDirectory directory = new ScratchDirectory("peal-idle-")) {
            ProcessHandle[] processes = new ProcessHandle[REPLICAS + 1];
            for (int i = 0; i < processes.length; i++) {
                String role = i == 0 ? "nothing" : "replica";
                processes[i] = ProcessPair.start(
                                IdleCost.class, List.of(role, directory.path().toString()))
                        .toHandle();
            }
            try {
                TimeUnit.SECONDS.sleep(SETTLING_SECONDS);
                Duration[] before = new Duration[processes.length];
                for (int i = 0; i < processes.length; i++) {
                    before[i] = cpuTime(processes[i]);
                }
                TimeUnit.SECONDS.sleep(seconds);
                for (int i = 0; i < processes.length; i++) {
                    Duration used = cpuTime(processes[i]).minus(before[i]);
                    System.out.printf(
                            "%s  %.2f %% of a core%n",
                            i == 0 ? "no bus " : "replica", 100.0 * used.toMillis() / (seconds * 1_000.0));
                }
            } finally {
                for (ProcessHandle process : processes) {
                    process.destroyForcibly();
                    process.onExit().join();
                }
            }
        }
    }

    private static void beIdle(String role, Path directory) {
        if (role.equals("replica")) {
            Bus bus = FileBus.open(directory.resolve("bus"));
            bus.subscribe(Topic.of("idle"), message -> {});
        }
        while (true) {
            LockSupport.park();
        }
    }

    private static Duration cpuTime(ProcessHandle process) {
        return process.info().totalCpuDuration().orElseThrow();
    }
}
