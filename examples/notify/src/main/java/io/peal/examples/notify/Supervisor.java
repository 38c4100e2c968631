package io.peal.examples.notify;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Runs the replicas as processes and starts one again when it ends. Each replica has a thread here that watches it.
 *
 * <p>When this process is asked to end, it asks the replicas to; when it is killed, they notice that their standard input
 * has ended, and go, too. On SIGHUP it restarts them one after the other.
 */
final class Supervisor implements RollingRestart.Replicas {

    /** What a replica prints when it serves. */
    static final String READY = "ready";

    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
    private static final Duration LIVED_WELL = Duration.ofSeconds(2);
    private static final Duration TIME_TO_STOP = Duration.ofSeconds(10);

    private final Settings settings;
    private final int replicas;
    private final List<String> javaOptions;
    private final boolean separatePorts;
    private final boolean untilInputEnds;
    private final List<Process> running = new ArrayList<>(); // guarded by this
    private final Map<Integer, Process> serving = new HashMap<>(); // guarded by this
    private final CountDownLatch stopped = new CountDownLatch(1);
    private int exitCode; // guarded by this
    private boolean hasServed; // guarded by this: a replica has, at some time
    private boolean stopping; // guarded by this

    Supervisor(
            Settings settings, int replicas, List<String> javaOptions, boolean separatePorts, boolean untilInputEnds) {
        this.settings = settings;
        this.replicas = replicas;
        this.javaOptions = javaOptions;
        this.separatePorts = separatePorts;
        this.untilInputEnds = untilInputEnds;
    }

    /** Runs until the process is asked to end, or until a replica says that it cannot start before any has served. */
    int run() throws IOException {
        for (int number = 1; number <= (separatePorts ? replicas : 1); number++) {
            checkThatPortIsFree(portOf(number));
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(0), "stop"));
        new RollingRestart(this).onHangUp();
        for (int number = 1; number <= replicas; number++) {
            int replica = number;
            new Thread(() -> keepRunning(replica), "replica-" + number).start();
        }
        if (untilInputEnds) {
            Thread watch = new Thread(this::stopWhenInputEnds, "input");
            watch.setDaemon(true);
            watch.start();
        }
        try {
            stopped.await();
        } catch (InterruptedException e) {
            stop(Main.FAILED);
        }
        synchronized (this) {
            return exitCode;
        }
    }

    /** Then what was asked for is possible, and a replica that cannot start now is no reason to end the others. */
    private synchronized boolean hasServed() {
        return hasServed;
    }

    private void stopWhenInputEnds() {
        ReplicaMain.readToTheEnd(System.in);
        stop(0);
    }

    private int portOf(int number) {
        return separatePorts ? settings.port + number - 1 : settings.port;
    }

    /** With SO_REUSEPORT a replica would share the port of a stranger, so it is tried once without. */
    private static void checkThatPortIsFree(int port) throws IOException {
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(port));
        } catch (BindException e) {
            throw new BindException("port " + port + " is in use: choose another one with --port");
        }
    }

    private void keepRunning(int number) {
        Duration pause = FIRST_PAUSE;
        while (true) {
            long start = System.nanoTime();
            int exit = runOnce(number);
            if (exit == ReplicaMain.CANNOT_START && !hasServed()) {
                stop(Main.FAILED);
            }
            Duration lived = Duration.ofNanos(System.nanoTime() - start);
            pause = lived.compareTo(LIVED_WELL) > 0 ? FIRST_PAUSE : pause.multipliedBy(2);
            pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
            if (isStoppingWithin(pause)) {
                return;
            }
            System.err.printf(
                    "replica %d ended with %d after %.1f s, starting it again%n",
                    number, exit, lived.toMillis() / 1000.0);
        }
    }

    private int runOnce(int number) {
        try {
            Process process = start(number);
            try (BufferedReader output = process.inputReader()) {
                for (String line = output.readLine(); line != null; line = output.readLine()) {
                    report(number, process, line);
                }
            }
            int exit = process.waitFor();
            forget(process);
            return exit;
        } catch (IOException e) {
            System.err.println("replica " + number + ": " + e.getMessage());
            return Main.FAILED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Main.FAILED;
        }
    }

    private void report(int number, Process process, String line) {
        if (line.equals(READY)) {
            synchronized (this) {
                serving.put(number, process);
                hasServed = true;
                notifyAll();
            }
            System.err.printf(
                    "replica %d (process %d) serves http://localhost:%d%n", number, process.pid(), portOf(number));
        } else {
            System.err.println("replica " + number + ": " + line);
        }
    }

    private synchronized Process start(int number) throws IOException {
        if (stopping) {
            throw new IOException("not started, the supervisor is stopping");
        }
        Process process =
                new ProcessBuilder(command(number)).redirectErrorStream(true).start();
        running.add(process);
        return process;
    }

    private synchronized void forget(Process process) {
        running.remove(process);
        serving.values().remove(process);
    }

    @Override
    public int count() {
        return replicas;
    }

    @Override
    public synchronized Process awaitServing(int number, Process before, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!stopping) {
            Process now = serving.get(number);
            if (now != null && now != before) {
                return now;
            }
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                return null;
            }
            wait(left);
        }
        return null;
    }

    /**
     * A small heap, because several replicas share the machine and messages do not live on it; the serial collector,
     * because it has no threads of its own; log lines from warnings on.
     */
    private List<String> command(int number) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"));
        if (settings.isAeron()) {
            command.add("--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED"); // what Aeron asks of a JVM
        }
        command.addAll(javaOptions);
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                ReplicaMain.class.getName(),
                "--number=" + number,
                "--port=" + portOf(number),
                "--bus=" + settings.bus,
                "--server=" + settings.server));
        if (!separatePorts) {
            command.add("--shared-port");
        }
        if (settings.demo) {
            command.add("--demo");
        }
        return command;
    }

    private synchronized boolean isStoppingWithin(Duration pause) {
        long deadline = System.nanoTime() + pause.toNanos();
        try {
            for (long left = pause.toMillis(); left > 0 && !stopping; ) {
                wait(left);
                left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            }
        } catch (InterruptedException e) {
            return true;
        }
        return stopping;
    }

    private void stop(int code) {
        List<Process> all;
        synchronized (this) {
            if (stopping) {
                return;
            }
            stopping = true;
            exitCode = code;
            notifyAll();
            all = List.copyOf(running);
        }
        all.forEach(process -> process.toHandle().destroy()); // what they say meanwhile is still read
        long deadline = System.nanoTime() + TIME_TO_STOP.toNanos();
        for (Process process : all) {
            endBy(deadline, process);
        }
        stopped.countDown();
    }

    private static void endBy(long deadline, Process process) {
        try {
            if (!process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
        }
    }
}
