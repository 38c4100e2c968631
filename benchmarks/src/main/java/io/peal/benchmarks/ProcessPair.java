package io.peal.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A receiving and a sending JVM, and a process that runs beside if the transport needs one. Belongs to one thread. */
final class ProcessPair implements AutoCloseable {

    private static final int GRACE_SECONDS = 60;
    private static final String ROLE_SEND = "send";
    private static final String ROLE_RECEIVE = "receive";

    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        // who ends a measurement ends what it has started
        Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(Process::destroyForcibly)));
    }

    private final Class<?> program;
    private final Transport.Kind kind;
    private final ScratchDirectory directory = new ScratchDirectory("peal-comparison-");
    private final List<Process> all = new ArrayList<>();
    private @Nullable Process receiver;
    private @Nullable Process sender;

    /**
     * Starts what the kind of transport needs.
     *
     * @param program has a main method that understands {@code send} and {@code receive}, a directory, a kind, and numbers; the
     *     receiver prints its results as one line of numbers
     * @throws IOException if that is not installed
     */
    ProcessPair(Class<?> program, Transport.Kind kind) throws IOException {
        this.program = program;
        this.kind = kind;
        List<String> companion = kind.companion(directory.path());
        if (!companion.isEmpty()) {
            try {
                all.add(launch(new ProcessBuilder(companion)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)));
            } catch (IOException e) {
                close();
                throw e;
            }
        }
    }

    /** Whether a program was started by this class, to be one of the two. */
    static boolean isRole(String... args) {
        return args.length > 2 && (args[0].equals(ROLE_SEND) || args[0].equals(ROLE_RECEIVE));
    }

    /** Of a program that was started so. */
    static boolean isSender(String... args) {
        return args[0].equals(ROLE_SEND);
    }

    /** Starts the receiving JVM. */
    void receive(long... numbers) throws IOException {
        receiver = start(ROLE_RECEIVE, ProcessBuilder.Redirect.PIPE, numbers);
    }

    /** Starts the sending JVM, which waits until the other one is ready. */
    void send(long... numbers) throws IOException {
        sender = start(ROLE_SEND, ProcessBuilder.Redirect.INHERIT, numbers);
    }

    /** Waits until both have done their work, and returns what the receiver has measured. */
    double[] await() throws IOException, InterruptedException {
        Process from = receiver;
        Process to = sender;
        if (from == null || to == null) {
            throw new IllegalStateException("only one of the two runs");
        }
        String last = "";
        try (BufferedReader lines = from.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                last = line;
            }
        }
        for (Process process : List.of(from, to)) {
            if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException("a process of the measurement failed or hangs, see above");
            }
        }
        String[] words = last.split(" ", -1);
        double[] numbers = new double[words.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Double.parseDouble(words[i]);
        }
        return numbers;
    }

    /** The processor time of all that runs, but for the sender. */
    Duration cpuTime() {
        return all.stream()
                .filter(process -> process != sender)
                .map(process -> process.toHandle().info().totalCpuDuration().orElse(Duration.ZERO))
                .reduce(Duration.ZERO, Duration::plus);
    }

    @Override
    public void close() {
        for (Process process : all) {
            process.destroyForcibly();
            process.onExit().join(); // it may be using the directory
            RUNNING.remove(process);
        }
        directory.close();
    }

    private Process start(String role, ProcessBuilder.Redirect output, long... numbers) throws IOException {
        List<String> args = new ArrayList<>(List.of(role, directory.path().toString(), kind.name()));
        for (long number : numbers) {
            args.add(String.valueOf(number));
        }
        Process process = launch(new ProcessBuilder(java(program, args))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(output));
        all.add(process);
        return process;
    }

    /** Starts a JVM with this main class; what it prints goes where this one prints. */
    static Process start(Class<?> main, List<String> args) throws IOException {
        return launch(new ProcessBuilder(java(main, args)).inheritIO());
    }

    private static Process launch(ProcessBuilder command) throws IOException {
        Process process = command.start();
        RUNNING.add(process);
        return process;
    }

    /** The command of a JVM with this main class, and with what Aeron and Chronicle need. */
    static List<String> java(Class<?> main, List<String> args) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Dorg.slf4j.simpleLogger.log.io.lettuce=error"));
        command.addAll(ChronicleTransport.JVM_OPTIONS);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(args);
        return command;
    }
}
