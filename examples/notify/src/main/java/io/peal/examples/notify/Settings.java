package io.peal.examples.notify;

import io.peal.bus.Bus;
import io.peal.bus.aeron.AeronBus;
import io.peal.bus.aeron.AeronDriver;
import io.peal.bus.file.FileBus;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options that the supervisor and its replicas share. */
final class Settings {

    static final String NETTY = "netty";
    static final String JETTY = "jetty";

    private static final String FILE = "file:";
    private static final String AERON = "aeron:";

    @Option(names = "--port", defaultValue = "8080", description = "The port to listen on (default: 8080).")
    int port;

    @Option(
            names = "--bus",
            required = true,
            paramLabel = "KIND:DIR",
            description = "The bus: file:DIRECTORY, or aeron:DIRECTORY for Aeron.")
    String bus;

    @Option(names = "--server", defaultValue = NETTY, description = "The server: netty or jetty.")
    String server;

    @Option(names = "--demo", description = "Allow to kill replicas over HTTP.")
    boolean demo;

    boolean isAeron() {
        return bus.startsWith(AERON);
    }

    /** Opens the bus, as the replica with this number. */
    Bus openBus(int number) {
        Path directory = Path.of(bus.substring(bus.indexOf(':') + 1));
        String name = "notify-" + number;
        return isAeron()
                ? AeronBus.at(directory)
                        .driver(AeronDriver.spawned())
                        .replicaName(name)
                        .open()
                : FileBus.at(directory).replicaName(name).open();
    }

    void check(CommandSpec spec) {
        if (!(bus.startsWith(FILE) || isAeron()) || bus.endsWith(":")) {
            throw new ParameterException(
                    spec.commandLine(), "unknown bus '" + bus + "': expected file:DIRECTORY or aeron:DIRECTORY");
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
