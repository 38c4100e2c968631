package io.peal.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A JVM of its own that runs a main class of the test's class path and talks in lines: it can be killed, stopped and
 * continued like any process. Thread-safe.
 *
 * <p>Closing it kills it. What it printed on both of its outputs, first and last, is part of every failure it reports, and where
 * its threads are, if it does not do what it is waited for.
 */
public final class ReplicaProcess implements AutoCloseable {

    private static final int FIRST_TOLD = 10; // lines, in a failure
    private static final int LAST_TOLD = 60;
    private static final long DUMPED_WITHIN_MS = 2_000;

    private final Process process;
    private final Writer input;
    private final Thread collector;
    private final List<String> lines = new ArrayList<>(); // guarded by this
    private int examined; // guarded by this: lines that awaitLine has passed
    private boolean ended; // guarded by this: nothing more will be printed

    private ReplicaProcess(Process process) {
        this.process = process;
        this.input = process.outputWriter();
        this.collector = new Thread(this::collect, "output-of-" + process.pid());
        this.collector.setDaemon(true);
    }

    /** Starts {@code main} with this JVM's class path. */
    public static ReplicaProcess start(Class<?> main, String... args) {
        return start(JvmCommand.forMain(main, args));
    }

    /** Starts any command that talks in lines. */
    public static ReplicaProcess start(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            ReplicaProcess replica = new ReplicaProcess(process);
            replica.collector.start();
            return replica;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + command, e);
        }
    }

    /** The operating system's number of the process. */
    public long pid() {
        return process.pid();
    }

    /** Whether the process still runs (a stopped one does). */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** Writes a line to its standard input. */
    public void send(String line) {
        try {
            input.write(line + "\n");
            input.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(failure("does not take the line '" + line + "'"), e);
        }
    }

    /**
     * Waits for the next line that begins with {@code prefix} and returns it. Lines before it are passed over and not
     * looked at again.
     *
     * @throws AssertionError if it does not come in time
     */
    public String awaitLine(String prefix, Duration limit) {
        return awaitLine(line -> line.startsWith(prefix), "a line beginning with '" + prefix + "'", limit);
    }

    /** Waits for the next line that matches; see {@link #awaitLine(String, Duration)}. */
    public synchronized String awaitLine(Predicate<String> wanted, String description, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        try {
            while (true) {
                String line = nextMatch(wanted);
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (line != null) {
                    return line;
                }
                if (ended || left <= 0) {
                    String failure = failure("did not print " + description + " within " + limit);
                    throw new AssertionError(ended ? failure : failure + threads());
                }
                wait(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(failure("was waited for by an interrupted thread"), e);
        }
    }

    /** Ends them as {@code kill -9} does, all of them before it waits for any. */
    public static void killAll(Collection<ReplicaProcess> dying) {
        dying.forEach(replica -> replica.process.destroyForcibly());
        dying.forEach(ReplicaProcess::kill);
    }

    /** Ends it as {@code kill -9} does, and waits until it is gone. */
    public void kill() {
        process.destroyForcibly();
        awaitExit(Duration.ofSeconds(20));
    }

    /** Asks it to end (SIGTERM). */
    public void terminate() {
        process.destroy();
    }

    /** Sends it SIGHUP. */
    public void hangUp() {
        signal("HUP");
    }

    /** Stops it where it stands (SIGSTOP). */
    public void pause() {
        signal("STOP");
    }

    /** Lets it go on after {@link #pause()} (SIGCONT). */
    public void resume() {
        signal("CONT");
    }

    /**
     * Waits until it has ended and returns its exit code.
     *
     * @throws AssertionError if it does not end in time
     */
    public int awaitExit(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError(failure("did not end within " + limit));
            }
            collector.join(limit.toMillis());
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(failure("was waited for by an interrupted thread"), e);
        }
    }

    /** Everything it has printed so far. */
    public synchronized List<String> output() {
        return List.copyOf(lines);
    }

    /** What it has printed so far, but for its first lines: each line is looked at once by who gives how many it has seen. */
    public synchronized List<String> output(int seen) {
        return List.copyOf(lines.subList(seen, lines.size()));
    }

    /** Kills it if it still runs. */
    @Override
    public void close() {
        kill();
    }

    private void signal(String name) {
        try {
            int exit = new ProcessBuilder("kill", "-" + name, Long.toString(pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (exit != 0) {
                throw new AssertionError(failure("did not take SIG" + name));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run kill", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(failure("was signalled by an interrupted thread"), e);
        }
    }

    private void collect() {
        try (BufferedReader output = process.inputReader()) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                add(line);
            }
        } catch (IOException e) {
            add("(its output broke off: " + e.getMessage() + ")");
        }
        end();
    }

    private synchronized void add(String line) {
        lines.add(line);
        notifyAll();
    }

    private synchronized void end() {
        ended = true;
        notifyAll();
    }

    private synchronized @Nullable String nextMatch(Predicate<String> wanted) {
        while (examined < lines.size()) {
            String line = lines.get(examined++);
            if (wanted.test(line)) {
                return line;
            }
        }
        return null;
    }

    private synchronized String failure(String what) {
        String state = process.isAlive() ? "running" : "ended with " + process.exitValue();
        return "process " + pid() + " (" + state + ") " + what + ". It printed:\n" + String.join("\n", told());
    }

    /** All that it has printed, or if that is much, the first and the last of it. */
    private synchronized List<String> told() {
        int left = lines.size() - FIRST_TOLD - LAST_TOLD;
        if (left <= 0) {
            return lines;
        }
        List<String> told = new ArrayList<>(lines.subList(0, FIRST_TOLD));
        told.add("(" + left + " lines)");
        told.addAll(lines.subList(FIRST_TOLD + left, lines.size()));
        return told;
    }

    /** The stacks of a JVM's threads that are in code of the project, or nothing: they are asked for with a signal, and printed. */
    private synchronized String threads() throws InterruptedException {
        boolean isJvm = process.info().command().orElse("").endsWith("/java");
        if (!isJvm) {
            return "";
        }
        int before = lines.size();
        signal("QUIT");
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DUMPED_WITHIN_MS);
        for (long left = DUMPED_WITHIN_MS; left > 0 && !isDumped(before); ) {
            wait(left);
            left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        }
        String dump = String.join("\n", lines.subList(before, lines.size()));
        return Arrays.stream(dump.split("\n\n", -1))
                .filter(stack -> stack.contains("io.peal."))
                .collect(Collectors.joining("\n\n", "\nIts threads:\n", ""));
    }

    /** Whether the last line of a dump is there. */
    private boolean isDumped(int before) {
        return lines.subList(before, lines.size()).stream().anyMatch(line -> line.startsWith("JNI global ref"));
    }
}
