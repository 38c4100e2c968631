package io.peal.load;

import io.peal.load.run.RunCommand;
import io.peal.load.run.Scenario;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The same load on several servers in turn, several rounds, and one page with what came of it. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Runs the same load on Peal and on servers without it, in turn, and writes one page with medians, spread and"
                        + " ratios.")
final class CompareCommand implements Callable<Integer> {

    private static final int STORMS = 3; // in each of which all clients come back twice

    @Option(
            names = "--servers",
            split = ",",
            defaultValue = "PEAL_NETTY,PEAL_JETTY,NETTY,JETTY,NETTY_REDIS,WS,BUN",
            description = "What serves; those that cannot be started are left out (default: ${DEFAULT-VALUE}).")
    private List<String> servers = List.of();

    @Option(names = "--lives", defaultValue = "2", description = "How often all servers are started (default: 2).")
    private int lives;

    @Option(
            names = "--rounds",
            defaultValue = "3",
            description = "How often, in each life, all servers get each load, in an order of chance (default: 3).")
    private int rounds;

    @Option(names = "--clients", defaultValue = "1000", description = "How many clients read (default: 1000).")
    private int clients;

    @Option(names = "--size", defaultValue = "128", description = "Bytes of a message (default: 128).")
    private int size;

    @Option(
            names = "--rates",
            split = ",",
            defaultValue = "20,100",
            description = "Messages a second: a load each (default: 20,100).")
    private List<Integer> rates = List.of();

    @Option(
            names = "--warm-up",
            defaultValue = "12s",
            description =
                    "How long a new server gets the greatest load before anything counts, and once more that long while all"
                            + " its clients come back again and again (default: 12s).")
    private String warmUp = "";

    @Option(names = "--duration", defaultValue = "4s", description = "Of each load (default: 4s).")
    private String duration = "";

    @Option(
            names = "--node",
            defaultValue = "benchmarks/compare",
            description = "Where ws.mjs and bun.js are, and their node_modules (default: ${DEFAULT-VALUE}).")
    private Path node = Path.of("");

    @Option(names = "--out", description = "The folder for the results (default: results/compare-<date and time>).")
    private @Nullable Path out;

    @Option(
            names = "--again",
            paramLabel = "FOLDER",
            description = "Run nothing, and write the page of earlier results again.")
    private @Nullable Path again;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (again != null) {
            System.out.println(new ComparisonPage(again, servers).write(again));
            return 0;
        }
        String started = LocalDateTime.now(ZoneId.systemDefault())
                .format(DateTimeFormatter.ofPattern("yyyy-MM-dd_HHmmss", Locale.ROOT));
        Path folder = out == null ? Path.of("results", "compare-" + started) : out;
        Files.createDirectories(folder);
        try (MachineSpeed speed = new MachineSpeed()) {
            compare(folder, speed);
        }
        System.out.println(new ComparisonPage(folder, servers).write(folder));
        System.out.println("results in " + folder);
        return 0;
    }

    private void compare(Path folder, MachineSpeed speed) throws IOException, InterruptedException {
        for (int life = 0; life < lives; life++) {
            List<ComparedServer> running = new ArrayList<>();
            try {
                startAll(running);
                for (ComparedServer server : running) {
                    warmUp(server, folder.resolve(server.name() + "-warm-up-" + life));
                }
                for (int round = 0; round < rounds; round++) {
                    for (int rate : rates) {
                        turns(running, rate, folder, life * rounds + round, speed);
                    }
                }
            } finally {
                for (ComparedServer server : running) {
                    server.close();
                }
            }
        }
    }

    /** Until what is done for a client that comes is compiled, too: compiling goes on beside deliveries, and would be counted. */
    private void warmUp(ComparedServer server, Path results) throws IOException {
        int rate = Collections.max(rates);
        load(server, rate, warmUp, Scenario.STEADY, results);
        String part = RunCommand.duration(warmUp).toMillis() / STORMS + "ms";
        for (int i = 0; i < STORMS; i++) {
            load(server, rate, part, Scenario.STORM, results);
        }
    }

    private void startAll(List<ComparedServer> running) {
        for (String server : servers) {
            try {
                running.add(ComparedServer.start(server, node));
            } catch (IOException e) {
                System.out.println(server + " is left out: " + e.getMessage());
            }
        }
    }

    /** One load on each server, at a time at which the machine has its full speed, if that can be had. */
    private void turns(List<ComparedServer> running, int rate, Path folder, int round, MachineSpeed speed)
            throws IOException, InterruptedException {
        Collections.shuffle(running); // so that none always comes behind the same other one
        for (ComparedServer server : running) {
            Path results = folder.resolve(server.name() + "-" + rate + "-" + round);
            MachineSpeed.Measured<Path> measured = speed.measure(() -> {
                load(server, rate, duration, Scenario.STEADY, results);
                return results;
            });
            ComparisonPage.noteSpeed(measured.result(), measured.slowestUs());
        }
        System.out.println("round " + (round + 1) + " of " + lives * rounds + ", " + rate + " a second: done");
    }

    private void load(ComparedServer server, int rate, String time, Scenario scenario, Path results)
            throws IOException {
        String[] run = {
            server.url(),
            "--clients=" + clients,
            "--size=" + size,
            "--rate=" + rate,
            "--duration=" + time,
            "--scenario=" + scenario,
            "--pid=" + server.pid(),
            "--out=" + results,
            "--title=" + server.name() + ", " + rate + " a second",
            "--quiet"
        };
        if (new CommandLine(new RunCommand()).execute(run) != 0) {
            throw new IOException("the load could not be run: try 'run " + String.join(" ", run) + "'");
        }
    }
}
