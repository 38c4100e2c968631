package io.peal.load.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows runs again, and judges them by other assertions. */
@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        description = "Prints the results of runs, draws their charts anew, and checks assertions about them.")
public final class ReportCommand implements Callable<Integer> {

    @Parameters(arity = "1..*", paramLabel = "FOLDER", description = "Folders that 'run' has written.")
    private List<Path> folders = List.of();

    @Option(names = "--assert", defaultValue = "", description = "Such as 'p99<50ms,lost=0'.")
    private String assertions = "";

    /** With the options that picocli sets. */
    public ReportCommand() {}

    @Override
    public Integer call() throws IOException {
        List<Assertion> wanted = assertions.isEmpty() ? List.of() : Assertion.parse(assertions);
        boolean good = true;
        for (Path each : folders) {
            ResultsFolder folder = new ResultsFolder(each);
            Summary summary = folder.read();
            String text = ResultsFolder.text(summary, wanted);
            folder.writePage(summary, text);
            System.out.println(each.resolve("report.html") + System.lineSeparator() + text);
            good &= wanted.stream().allMatch(assertion -> assertion.holds(summary));
        }
        return good ? 0 : 1;
    }
}
