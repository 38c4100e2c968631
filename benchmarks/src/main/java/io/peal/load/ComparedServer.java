package io.peal.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A server of the comparison, in a process of its own, that prints {@code listening PORT} when it does. */
final class ComparedServer implements AutoCloseable {

    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final String READY = "listening ";

    private final String name;
    private final Process process;
    private final Path directory;
    private final int port;

    private ComparedServer(String name, Process process, Path directory, int port) {
        this.name = name;
        this.process = process;
        this.directory = directory;
        this.port = port;
    }

    /**
     * Starts a {@link BroadcastServer.Kind}, or {@code WS} or {@code BUN}.
     *
     * @param node where these are
     * @throws IOException if it cannot be started here
     */
    static ComparedServer start(String name, Path node) throws IOException {
        Path directory = Files.createTempDirectory(
                Files.isDirectory(SHARED_MEMORY) ? SHARED_MEMORY : Path.of(System.getProperty("java.io.tmpdir")),
                "peal-compare-");
        List<String> command =
                switch (name) {
                    case "WS" -> List.of("node", "ws.mjs");
                    case "BUN" -> List.of("node_modules/.bin/bun", "bun.js");
                    default ->
                        java(
                                BroadcastServerMain.class,
                                List.of(name, directory.resolve("bus").toString()));
                };
        boolean script = name.equals("WS") || name.equals("BUN");
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        Process process = (script ? builder.directory(node.toFile()) : builder).start();
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = output.readLine();
        while (line != null && !line.startsWith(READY)) {
            line = output.readLine();
        }
        if (line == null) {
            process.destroyForcibly();
            remove(directory);
            throw new IOException(String.join(" ", command) + " ended before it listened");
        }
        return new ComparedServer(name, process, directory, Integer.parseInt(line.substring(READY.length())));
    }

    /** The command of a small JVM with this class path. */
    static List<String> java(Class<?> main, List<String> args) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(args);
        return command;
    }

    String name() {
        return name;
    }

    /** Its processes: a bridge's broker is a part of it. */
    String pid() {
        List<String> all = new ArrayList<>(List.of(String.valueOf(process.pid())));
        process.descendants().forEach(child -> all.add(String.valueOf(child.pid())));
        return String.join(",", all);
    }

    String url() {
        return "ws://127.0.0.1:" + port + BroadcastServer.PATH;
    }

    @Override
    public void close() throws IOException {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
        process.onExit().join();
        remove(directory);
    }

    private static void remove(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
