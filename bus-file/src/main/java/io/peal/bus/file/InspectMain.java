package io.peal.bus.file;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.peal.bus.BusException;
import io.peal.bus.file.Inspection.Report;
import io.peal.bus.file.Inspection.Verification;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Formatter;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code java -jar peal-inspect.jar DIR}: looks at a bus, dead or alive, and changes nothing. */
@Command(
        name = "peal-inspect",
        mixinStandardHelpOptions = true,
        description = "Shows what is in the directory of a bus, whether it is in use or not. Changes nothing.",
        subcommands = InspectMain.Verify.class)
final class InspectMain implements Callable<Integer> {

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    @Parameters(index = "0", arity = "0..1", paramLabel = "DIR", description = "The directory of the bus.")
    private Path directory = Path.of("");

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(names = "--follow", description = "Look again every second, until Ctrl-C.")
    private boolean follow;

    @Option(names = "--messages", defaultValue = "10", description = "How many of the last messages are shown (10).")
    private int messages;

    @Option(
            names = "--scan",
            defaultValue = "100000",
            description = "How many of the last messages are looked at for topics and rates (100000).")
    private int scan;

    public static void main(String... args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new InspectMain())
                .setParameterExceptionHandler((wrong, arguments) -> {
                    wrong.getCommandLine().getErr().println("peal-inspect: " + wrong.getMessage());
                    return CommandLine.ExitCode.USAGE;
                })
                .setExecutionExceptionHandler((failure, commandLine, arguments) -> {
                    if (failure instanceof BusException) {
                        commandLine.getErr().println("peal-inspect: " + failure.getMessage());
                        return CommandLine.ExitCode.SOFTWARE;
                    }
                    throw failure;
                });
    }

    @Override
    public Integer call() throws InterruptedException {
        if (directory.toString().isEmpty()) {
            System.err.println("peal-inspect: name the directory of a bus (--help lists the options)");
            return CommandLine.ExitCode.USAGE;
        }
        do {
            Report report = new Inspection(directory).report(scan, messages);
            String text = json ? toJson(report) : toText(report);
            System.out.print((follow && !json ? "\u001b[H\u001b[2J" : "") + text);
            if (follow) {
                Thread.sleep(1_000);
            }
        } while (follow);
        return 0;
    }

    private static String toJson(Object value) {
        try {
            return JSON.writeValueAsString(value) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a report is always JSON", e);
        }
    }

    private static String toText(Report report) {
        Formatter text = new Formatter(Locale.ROOT);
        text.format("bus          %s%n", report.directory());
        text.format(
                "epoch        %s, format %s, made %s%s%n",
                report.epoch(),
                report.format(),
                time(report.createdMs()),
                report.ofThisBoot() ? "" : ", before the machine was last started");
        text.format("positions    %,d to %,d%n", report.oldest(), report.newest());
        text.format(
                "retained     %,d bytes, %s%n",
                report.retainedLength(), report.retainedAgeMs() == 0 ? "any age" : report.retainedAgeMs() + " ms");
        text.format(
                "files        %d data segments of %,d bytes, %d index segments of %,d positions%n",
                report.dataFiles(), report.dataSegmentLength(), report.indexFiles(), report.indexSlots());
        text.format(
                "%n%-8s %-8s %-24s %8s %-6s %-6s %10s  %s%n",
                "replica", "slot", "name", "pid", "alive", "asleep", "lag", "since");
        report.participants()
                .forEach(each -> text.format(
                        "%-8d %-8d %-24s %8d %-6s %-6s %,10d  %s%n",
                        each.replica(),
                        each.slot(),
                        each.name(),
                        each.pid(),
                        each.alive() ? "yes" : "DEAD",
                        each.asleep() ? "yes" : "no",
                        each.lag(),
                        time(each.startedMs())));
        text.format("%n%-40s %12s %16s %12s%n", "topic", "messages", "bytes", "a second");
        report.topics().stream()
                .limit(20)
                .forEach(each -> text.format(
                        "%-40s %,12d %,16d %,12.1f%n", each.topic(), each.messages(), each.bytes(), each.perSecond()));
        text.format("%n%-12s %-27s %-8s %-24s %8s  %s%n", "position", "time", "replica", "topic", "length", "begins");
        report.lastMessages()
                .forEach(each -> text.format(
                        "%-12d %-27s %-8d %-24s %,8d  %s%n",
                        each.position(),
                        time(each.timestampUs() / 1_000),
                        each.replica(),
                        each.topic(),
                        each.length(),
                        each.beginning()));
        return text.toString();
    }

    private static String time(long ms) {
        return Instant.ofEpochMilli(ms).toString();
    }

    /** {@code verify DIR}. */
    @Command(
            name = "verify",
            mixinStandardHelpOptions = true,
            description = "Reads and checks every message that is kept; exits with 1 if any is damaged.")
    static final class Verify implements Callable<Integer> {

        @Parameters(index = "0", paramLabel = "DIR", description = "The directory of the bus.")
        private Path directory = Path.of("");

        @Option(names = "--json", description = "Print JSON.")
        private boolean json;

        @Override
        public Integer call() {
            Verification found = new Inspection(directory).verify();
            if (json) {
                System.out.print(toJson(found));
            } else {
                System.out.printf(
                        "positions %,d to %,d: %,d messages are intact, %d are not%n",
                        found.oldest(),
                        found.newest(),
                        found.intact(),
                        found.problems().size());
                found.problems().forEach(problem -> System.out.println("  " + problem));
            }
            return found.problems().isEmpty() ? 0 : 1;
        }
    }
}
