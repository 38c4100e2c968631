package io.peal.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A {@link FanoutServerMain} in a process of its own. Thread-safe for {@link #acknowledge}, otherwise for one thread. */
final class FanoutServer implements AutoCloseable {

    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private final Path directory;
    private final Process process;
    private final BufferedReader output;
    private final PrintStream input;
    private final int port;

    FanoutServer(BroadcastServer.Kind kind, int messageLength, List<String> javaOptions) throws IOException {
        this.directory = Files.isDirectory(SHARED_MEMORY)
                ? Files.createTempDirectory(SHARED_MEMORY, "peal-load-")
                : Files.createTempDirectory("peal-load-");
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m"));
        command.addAll(javaOptions);
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                FanoutServerMain.class.getName(),
                kind.name(),
                directory.resolve("bus").toString(),
                String.valueOf(messageLength)));
        this.process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        this.input = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        this.port = Integer.parseInt(answer("listening"));
    }

    int port() {
        return port;
    }

    /** Returns when so many clients are connected. */
    void await(int connections) throws IOException {
        input.println("await " + connections);
        answer("ready");
    }

    /** Publishes for some seconds; returns the number of the last message. */
    long run(String phase) throws IOException {
        input.println(phase);
        return Long.parseLong(answer("sent"));
    }

    /** Everybody has one more message. */
    void acknowledge() {
        input.println("a");
    }

    /** The processor time it has used. */
    Duration cpu() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /** The memory that is its own, in KiB: not the bus's, which all processes share. */
    long privateMemoryKib() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc", String.valueOf(process.pid()), "status"))) {
            return lines.filter(line -> line.startsWith("RssAnon:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElse(0);
        }
    }

    @Override
    public void close() throws IOException {
        process.destroy();
        process.onExit().join();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    private String answer(String what) throws IOException {
        String line = output.readLine();
        if (line == null || !line.startsWith(what)) {
            throw new IOException("the server said " + line + " instead of " + what);
        }
        return line.substring(what.length()).strip();
    }
}
