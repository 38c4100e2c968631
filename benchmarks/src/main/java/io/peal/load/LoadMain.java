package io.peal.load;

import io.peal.load.run.ReportCommand;
import io.peal.load.run.RunCommand;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line of the load tool. */
@Command(
        name = "load",
        mixinStandardHelpOptions = true,
        description = "Loads WebSocket servers and checks every delivery.",
        subcommands = {
            RunCommand.class,
            ReportCommand.class,
            CheckCommand.class,
            FanoutCommand.class,
            CompareCommand.class
        })
final class LoadMain {

    private LoadMain() {}

    public static void main(String... args) {
        CommandLine command = new CommandLine(new LoadMain());
        command.setParameterExceptionHandler((wrong, arguments) -> {
            wrong.getCommandLine().getErr().println("load: " + wrong.getMessage() + " (--help lists the options)");
            return CommandLine.ExitCode.USAGE;
        });
        command.setExecutionExceptionHandler((failure, failed, arguments) -> {
            if (!(failure instanceof IOException)) {
                throw failure;
            }
            failed.getErr().println("load: " + failure.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        });
        System.exit(command.execute(args));
    }
}
