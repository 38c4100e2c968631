package io.peal.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A sending and a receiving JVM, and a third one for the driver if the transport needs it. Belongs to one thread. */
final class ProcessPair implements AutoCloseable {

    private static final int GRACE_SECONDS = 60;

    private final Class<?> program;
    private final Transport.Kind kind;
    private final ScratchDirectory directory = new ScratchDirectory("peal-comparison-");
    private final List<Process> all = new ArrayList<>();
    private final List<Process> awaited = new ArrayList<>();

    /**
     * Starts what the kind of transport needs.
     *
     * @param program has a main method that understands {@code send} and {@code receive}, a directory, a kind, and numbers
     */
    ProcessPair(Class<?> program, Transport.Kind kind) throws IOException {
        this.program = program;
        this.kind = kind;
        if (kind.needsDriver()) {
            all.add(start(AeronTransport.class, List.of(directory.path().toString())));
        }
    }

    /** Starts the receiving JVM. */
    void receive(long... numbers) throws IOException {
        startAwaited("receive", numbers);
    }

    /** Starts the sending JVM. */
    void send(long... numbers) throws IOException {
        startAwaited("send", numbers);
    }

    /** Waits until both have done their work. */
    void await() throws InterruptedException {
        for (Process process : awaited) {
            if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException("a process of the measurement failed or hangs, see above");
            }
        }
    }

    @Override
    public void close() {
        for (Process process : all) {
            process.destroyForcibly();
            process.onExit().join(); // it may be using the directory
        }
        directory.close();
    }

    private void startAwaited(String role, long... numbers) throws IOException {
        List<String> args = new ArrayList<>(List.of(role, directory.path().toString(), kind.name()));
        for (long number : numbers) {
            args.add(String.valueOf(number));
        }
        Process process = start(program, args);
        all.add(process);
        awaited.add(process);
    }

    /** Starts a JVM with this main class; what it prints goes where this one prints. */
    static Process start(Class<?> main, List<String> args) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED", // for Aeron alone
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(args);
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        return builder.redirectOutput(ProcessBuilder.Redirect.INHERIT).start();
    }
}
