package io.peal.examples.notify;

import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options that the supervisor and its replicas share. */
final class Settings {

    static final String NETTY = "netty";
    static final String JETTY = "jetty";

    @Option(names = "--port", defaultValue = "8080", description = "The port to listen on (default: 8080).")
    int port;

    @Option(names = "--bus", required = true, paramLabel = "file:DIR", description = "The bus, as file:DIRECTORY.")
    String bus;

    @Option(names = "--server", defaultValue = NETTY, description = "The server: netty or jetty.")
    String server;

    @Option(names = "--demo", description = "Allow to kill replicas over HTTP.")
    boolean demo;

    Path busDirectory() {
        return Path.of(bus.substring("file:".length()));
    }

    void check(CommandSpec spec) {
        if (!bus.startsWith("file:") || bus.length() == "file:".length()) {
            throw new ParameterException(spec.commandLine(), "unknown bus '" + bus + "': expected file:DIRECTORY");
        }
        if (!server.equals(NETTY) && !server.equals(JETTY)) {
            throw new ParameterException(
                    spec.commandLine(), "unknown server '" + server + "': expected netty or jetty");
        }
        if (port < 1 || port > 65_535) {
            throw new ParameterException(spec.commandLine(), "port is " + port + ", expected 1 to 65535");
        }
    }
}
