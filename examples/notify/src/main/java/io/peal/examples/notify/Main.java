package io.peal.examples.notify;

import java.io.IOException;
import java.net.BindException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line: a supervisor that runs the replicas as processes, each of which is this program again. */
@Command(
        name = "notify",
        mixinStandardHelpOptions = true,
        description = "Serves WebSocket clients from several replicas that share one log.")
final class Main implements Callable<Integer> {

    static final int FAILED = 1;

    @Mixin
    private Settings settings = new Settings();

    @Option(names = "--replicas", defaultValue = "3", description = "How many replicas run (default: 3).")
    private int replicas;

    @Option(names = "--separate-ports", description = "Replica n listens on port + n - 1 instead of sharing the port.")
    private boolean separatePorts;

    @Option(
            names = "--java-option",
            paramLabel = "OPTION",
            description = "For the JVM of each replica, for example -Xmx1g; may be repeated.")
    private List<String> javaOptions = List.of();

    @Option(names = "--until-input-ends", hidden = true, description = "Stop when the standard input ends.")
    private boolean untilInputEnds;

    @Spec
    private CommandSpec spec;

    public static void main(String... args) {
        System.exit(commandLine(new Main()).execute(args));
    }

    /** Answers a wrong command line with one line. */
    static CommandLine commandLine(Object command) {
        return new CommandLine(command).setParameterExceptionHandler((wrong, arguments) -> {
            wrong.getCommandLine().getErr().println("notify: " + wrong.getMessage() + " (--help lists the options)");
            return CommandLine.ExitCode.USAGE;
        });
    }

    @Override
    public Integer call() throws IOException {
        settings.check(spec);
        if (replicas < 1 || replicas > 64) {
            throw new ParameterException(spec.commandLine(), "replicas is " + replicas + ", expected 1 to 64");
        }
        try {
            return new Supervisor(settings, replicas, javaOptions, separatePorts, untilInputEnds).run();
        } catch (BindException e) {
            System.err.println("notify: " + e.getMessage());
            return FAILED;
        }
    }
}
