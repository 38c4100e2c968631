package io.peal.benchmarks;

import io.peal.bus.Bus;
import io.peal.bus.Topic;
import io.peal.bus.aeron.AeronBus;
import io.peal.bus.aeron.AeronDriver;
import io.peal.bus.file.FileBus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * What replicas cost that have nothing to do: some processes that are subscribed and asleep, the media driver if they have
 * one, and a process without a bus beside them, because a JVM is never quite idle.
 *
 * <p>Usage: {@code java -cp benchmarks/target/benchmarks.jar io.peal.benchmarks.IdleCost [SECONDS [file|aeron]]}
 */
public final class IdleCost {

    private static final String FILE = "file";
    private static final String REPLICA = "replica";
    private static final int REPLICAS = 3;
    private static final int SETTLING_SECONDS = 10;

    private IdleCost() {}

    /** See the class. */
    public static void main(String... args) throws IOException, InterruptedException {
        if (args.length == 3) {
            beIdle(args[0], args[1], Path.of(args[2]));
            return;
        }
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 30;
        String kind = args.length > 1 ? args[1] : FILE;
        try (ScratchDirectory directory = new ScratchDirectory("peal-idle-")) {
            List<ProcessHandle> processes = new ArrayList<>();
            for (int i = 0; i <= REPLICAS; i++) {
                String role = i == 0 ? "nothing" : REPLICA;
                List<String> arguments = List.of(role, kind, directory.path().toString());
                processes.add(ProcessPair.start(IdleCost.class, arguments).toHandle());
            }
            try {
                TimeUnit.SECONDS.sleep(SETTLING_SECONDS);
                driver(directory.path()).ifPresent(processes::add);
                List<Duration> before =
                        processes.stream().map(IdleCost::cpuTime).toList();
                TimeUnit.SECONDS.sleep(seconds);
                for (int i = 0; i < processes.size(); i++) {
                    Duration used = cpuTime(processes.get(i)).minus(before.get(i));
                    String what = i == 0 ? "no bus" : i <= REPLICAS ? REPLICA : "driver";
                    System.out.printf(
                            "%-7s  %.2f %% of a core, %,d KiB resident%n",
                            what, 100.0 * used.toMillis() / (seconds * 1_000.0), residentKb(processes.get(i)));
                }
            } finally {
                for (ProcessHandle process : processes) {
                    process.destroyForcibly();
                    process.onExit().join();
                }
            }
        }
    }

    private static Optional<ProcessHandle> driver(Path directory) {
        return ProcessHandle.allProcesses()
                .filter(process -> {
                    String command = process.info().commandLine().orElse("");
                    return command.contains("DriverMain") && command.contains(directory.toString());
                })
                .findFirst();
    }

    /** Pages of files in memory count for each process that has them mapped. */
    private static long residentKb(ProcessHandle process) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc", String.valueOf(process.pid()), "status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElse(0);
        }
    }

    private static void beIdle(String role, String kind, Path directory) {
        if (role.equals(REPLICA)) {
            Path path = directory.resolve("bus");
            Bus bus = kind.equals(FILE)
                    ? FileBus.open(path)
                    : AeronBus.at(path).driver(AeronDriver.spawned()).open();
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
