package io.peal.load.run;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Loads a server, checks every delivery, and writes down what came of it. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Connects clients to a WebSocket server that broadcasts, publishes at a paced rate, checks every delivery"
                        + " (lost, duplicated, out of order), and writes a folder with the results and charts.",
        footer = {
            "",
            "The exit code is 0 if every assertion holds, 1 if not, 2 if the command cannot be understood.",
            "",
            "  load.jar run ws://localhost:8080/connection/websocket --protocol CENTRIFUGE --channel broadcast \\",
            "      --publish http://localhost:8080/api/v1/notify --clients 5000 --rate 50 --assert 'p99<50ms,lost=0'"
        })
public final class RunCommand implements Callable<Integer> {

    private static final long TICK_NS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(15); // a little longer than a handshake may take
    private static final Duration SETTLE_LIMIT = Duration.ofSeconds(10);
    private static final double MEMORY_LIMIT = 0.85; // of what the JVM may have
    private static final Pattern DURATION = Pattern.compile("([0-9.]+)(ms|s|m)?");

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(
            index = "0",
            paramLabel = "WS_URL",
            description = "The server's WebSocket, such as ws://localhost:8080/ws.")
    private String url = "";

    @Option(names = "--protocol", defaultValue = "RAW", description = "${COMPLETION-CANDIDATES} (default: RAW).")
    private WireProtocol protocol = WireProtocol.RAW;

    @Option(
            names = "--channel",
            defaultValue = "broadcast",
            description = "What CENTRIFUGE clients subscribe to (default: broadcast).")
    private String channel = "";

    @Option(names = "--hello", defaultValue = "", description = "A text that RAW clients send when they are connected.")
    private String hello = "";

    @Option(names = "--deflate", description = "Offer permessage-deflate.")
    private boolean deflate;

    @Option(names = "--clients", defaultValue = "1000", description = "How many clients read (default: 1000).")
    private int clients;

    @Option(names = "--batch", defaultValue = "500", description = "Clients connected at once (default: 500).")
    private int batch;

    @Option(names = "--interval", defaultValue = "1s", description = "Time between two batches (default: 1s).")
    private String interval = "";

    @Option(
            names = "--slow",
            defaultValue = "0",
            description =
                    "The part of the clients, in percent, that read 4 KiB in 0.1 s; they are not judged (default: 0).")
    private double slowPercent;

    @Option(
            names = "--publish",
            defaultValue = "ws",
            description =
                    "'ws' publishes through WebSockets of its own, 'echo' through those of the clients in turn, each of"
                            + " which must get its own messages back; an http:// address publishes by POST, 'none' leaves it to others"
                            + " (default: ws).")
    private String publish = "";

    @Option(
            names = "--body",
            defaultValue = "{message}",
            description = "The body of a POST, with {message} in it (default: {message}).")
    private String body = "";

    @Option(
            names = "--content-type",
            defaultValue = "application/json",
            description = "Of a POST (default: application/json).")
    private String contentType = "";

    @Option(names = "--publishers", defaultValue = "1", description = "How many publish (default: 1).")
    private int publishers;

    @Option(names = "--rate", defaultValue = "10", description = "Messages a second, of all publishers (default: 10).")
    private double rate;

    @Option(names = "--size", defaultValue = "128", description = "Bytes of a message (default: 128).")
    private int size;

    @Option(
            names = "--scenario",
            defaultValue = "STEADY",
            description = "${COMPLETION-CANDIDATES}: see the documentation (default: STEADY).")
    private Scenario scenario = Scenario.STEADY;

    @Option(names = "--duration", defaultValue = "30s", description = "Of the publishing (default: 30s).")
    private String duration = "";

    @Option(names = "--threads", defaultValue = "1", description = "Event loops of the clients (default: 1).")
    private int threads;

    @Option(names = "--pid", split = ",", description = "The server's processes: their memory and CPU time are shown.")
    private List<Long> pids = List.of();

    @Option(names = "--out", description = "The folder for the results (default: results/<date and time>).")
    private @Nullable Path out;

    @Option(names = "--title", defaultValue = "", description = "What the report is called.")
    private String title = "";

    @Option(names = "--quiet", description = "Print nothing.")
    private boolean quiet;

    @Option(names = "--assert", defaultValue = "", description = "Such as 'p99<50ms,lost=0,success>99.9%%'.")
    private String assertions = "";

    private final List<Sample> samples = new ArrayList<>();
    private final List<LoadPublisher> publishing = new ArrayList<>();
    private final AtomicLong unpublished = new AtomicLong();
    private final Latencies latencies = new Latencies();
    private final Progress progress = new Progress(Progress.isTerminal());
    private long beginNs;
    private long sampledNs;
    private long connectsBefore;
    private long refusedBefore;
    private long publishedBefore;
    private long deliveredBefore;
    private Duration cpuBefore = Duration.ZERO;

    /** With the options that picocli sets. */
    public RunCommand() {}

    @Override
    public Integer call() throws IOException {
        List<Assertion> wanted;
        Target target;
        Duration time;
        Duration pause;
        try {
            wanted = assertions.isEmpty() ? List.of() : Assertion.parse(assertions);
            target = new Target(URI.create(url), protocol, channel, hello, deflate, publish.equals("echo"));
            time = duration(duration);
            pause = duration(interval);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec().commandLine(), String.valueOf(e.getMessage()), e);
        }
        Published published = new Published(publish.equals("none") || target.echoes() ? 1 : publishers);
        String started = LocalDateTime.now(ZoneId.systemDefault())
                .format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT));
        Summary summary;
        try (LoadClients all = new LoadClients(target, published, threads, clients, slowPercent / 100)) {
            beginNs = System.nanoTime();
            sampledNs = beginNs;
            cpuBefore = cpu();
            openPublishers(target, all, published);
            if (scenario.connectsFirst()) {
                connect(all, published, pause);
            }
            load(all, published, time, pause);
            settle(all, published);
            sample(all, published);
            summary = summarize(all, published, started);
            if (!quiet) {
                progress.end();
            }
        }
        Path folder = new ResultsFolder(folder(started)).write(summary, latencies, wanted);
        if (!quiet) {
            System.out.println(ResultsFolder.text(summary, wanted));
            System.out.println("results in " + folder);
        }
        return wanted.stream().allMatch(assertion -> assertion.holds(summary)) ? 0 : 1;
    }

    /**
     * Understands 500ms, 30s and 2m; a number alone is seconds.
     *
     * @throws IllegalArgumentException if the text is no such duration
     */
    public static Duration duration(String text) {
        Matcher matcher = DURATION.matcher(text.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no duration such as 500ms, 30s or 2m");
        }
        double value = Double.parseDouble(matcher.group(1));
        String unit = matcher.group(2);
        double seconds = "ms".equals(unit) ? value / 1_000 : "m".equals(unit) ? value * 60 : value;
        return Duration.ofNanos((long) (seconds * 1e9));
    }

    private CommandSpec spec() {
        CommandSpec known = spec;
        if (known == null) {
            throw new IllegalStateException("not run by picocli");
        }
        return known;
    }

    private Path folder(String started) {
        Path given = out;
        return given != null
                ? given
                : Path.of("results", started.replace(' ', '_').replace(":", ""));
    }

    private void openPublishers(Target target, LoadClients all, Published published) throws IOException {
        for (int i = 0; i < publishers && !publish.equals("none"); i++) {
            LoadPublisher publisher =
                    new LoadPublisher(publishing(target, all, new OwnMessages(i, published, size)), unpublished);
            publishing.add(publisher);
            Thread thread = new Thread(publisher, "publisher-" + i);
            thread.setDaemon(true);
            thread.start();
        }
    }

    private Publishing publishing(Target target, LoadClients all, OwnMessages messages) throws IOException {
        return switch (publish) {
            case "ws" -> Publishing.overWebSocket(target, messages);
            case "echo" -> Publishing.byClients(all, size);
            default -> Publishing.overHttp(URI.create(publish), body, contentType, messages);
        };
    }

    /** In batches; waits while this process has too little memory for more, and not for ever for those that are refused. */
    private void connect(LoadClients all, Published published, Duration pause) {
        long nextNs = System.nanoTime();
        long begunNs = nextNs; // the last batch
        while (all.wanted() < clients || (all.pending() > 0 && System.nanoTime() - begunNs < CONNECT_LIMIT.toNanos())) {
            if (System.nanoTime() - nextNs >= 0 && all.wanted() < clients && hasMemory()) {
                all.connectUpTo(clients, batch);
                nextNs += pause.toNanos();
                begunNs = System.nanoTime();
            }
            tick(all, published, "connecting");
        }
    }

    private void load(LoadClients all, Published published, Duration time, Duration pause) {
        long fromNs = System.nanoTime();
        long nextNs = fromNs;
        int storms = 0;
        for (double part = 0; part < 1; part = (double) (System.nanoTime() - fromNs) / time.toNanos()) {
            double factor = scenario.rateFactor(part);
            publishing.forEach(each -> each.rate(rate * factor / publishers));
            if (System.nanoTime() - nextNs >= 0) {
                nextNs += pause.toNanos();
                if (hasMemory()) {
                    all.connectUpTo(scenario.clients(part, clients), batch);
                }
            }
            if (scenario.storms(part) > storms) {
                storms++;
                all.storm();
            }
            tick(all, published, scenario.name().toLowerCase(Locale.ROOT));
        }
        publishing.forEach(LoadPublisher::end);
    }

    /** Until nothing more comes for a second. */
    private void settle(LoadClients all, Published published) {
        long deadline = System.nanoTime() + SETTLE_LIMIT.toNanos();
        long deliveries = -1;
        long sinceNs = System.nanoTime();
        while (System.nanoTime() < deadline && System.nanoTime() - sinceNs < TimeUnit.SECONDS.toNanos(1)) {
            if (all.deliveries() != deliveries) {
                deliveries = all.deliveries();
                sinceNs = System.nanoTime();
            }
            tick(all, published, "settling");
        }
    }

    private void tick(LoadClients all, Published published, String phase) {
        LockSupport.parkNanos(TICK_NS);
        if (System.nanoTime() - sampledNs >= TimeUnit.SECONDS.toNanos(1)) {
            Sample last = sample(all, published);
            if (quiet) {
                return;
            }
            progress.show(String.format(
                    "%4d s  %-10s %,7d clients  %,8d published/s  %,10d delivered/s  p50 %,d us  p99 %,d us  max %,d us",
                    last.second(),
                    phase,
                    last.connected(),
                    last.published(),
                    last.delivered(),
                    last.medianUs(),
                    last.p99Us(),
                    last.maxUs()));
        }
    }

    private Sample sample(LoadClients all, Published published) {
        long now = System.nanoTime();
        double seconds = (now - sampledNs) / 1e9;
        sampledNs = now;
        long connects = all.connects();
        long refused =
                all.refusals().values().stream().mapToLong(Long::longValue).sum();
        long publishedNow = published.total();
        long delivered = all.deliveries();
        Duration cpu = cpu();
        Latencies.Second latency = latencies.add(all.takeLatencyUs());
        Sample sample = new Sample(
                (int) seconds(),
                all.connected(),
                perSecond(connects - connectsBefore, seconds),
                perSecond(refused - refusedBefore, seconds),
                perSecond(publishedNow - publishedBefore, seconds),
                perSecond(delivered - deliveredBefore, seconds),
                latency.minUs(),
                latency.medianUs(),
                latency.meanUs(),
                latency.p99Us(),
                latency.maxUs(),
                pids.stream().mapToLong(ProcessUsage::residentBytes).sum(),
                ProcessUsage.residentBytes(ProcessHandle.current().pid()),
                cpu.minus(cpuBefore).toNanos() / 1e9 / seconds);
        connectsBefore = connects;
        refusedBefore = refused;
        publishedBefore = publishedNow;
        deliveredBefore = delivered;
        cpuBefore = cpu;
        samples.add(sample);
        return sample;
    }

    /** Of the seconds in which nobody connected, as that costs a server more than many deliveries; of all if there is none. */
    private static double cpuUsPerDelivery(List<Sample> loaded) {
        List<Sample> steady =
                loaded.stream().filter(sample -> sample.connects() == 0).toList();
        List<Sample> counted = steady.isEmpty() ? loaded : steady;
        double cpuSeconds = counted.stream().mapToDouble(Sample::serverCpu).sum(); // a second each
        long delivered = counted.stream().mapToLong(Sample::delivered).sum();
        return cpuSeconds * 1e6 / Math.max(1, delivered);
    }

    private static long perSecond(long count, double seconds) {
        return Math.round(count / seconds);
    }

    private Summary summarize(LoadClients all, Published published, String started) {
        LoadClients.Verdicts verdicts = all.judge();
        long judged = Math.round(all.wanted() * (1 - slowPercent / 100));
        long lost = Math.max(0, verdicts.missing() - unpublished.get() * judged);
        List<Sample> loaded =
                samples.stream().filter(sample -> sample.delivered() > 0).toList();
        double delivered = loaded.stream().mapToLong(Sample::delivered).sum();
        return new Summary(
                title.isEmpty() ? url : title,
                started,
                String.join(" ", spec().commandLine().getParseResult().originalArgs()),
                machine(),
                scenario.name(),
                clients,
                publishers,
                rate,
                size,
                seconds(),
                all.connects(),
                deflate,
                all.deflating(),
                all.refusals(),
                published.total(),
                unpublished.get(),
                verdicts.received(),
                verdicts.received() + lost,
                lost,
                verdicts.duplicated(),
                verdicts.outOfOrder(),
                loaded.isEmpty() ? 0 : delivered / loaded.size(),
                latencies.minUs(),
                latencies.percentileUs(50),
                latencies.meanUs(),
                latencies.percentileUs(90),
                latencies.percentileUs(99),
                latencies.percentileUs(99.9),
                latencies.maxUs(),
                pids.isEmpty() ? 0 : cpuUsPerDelivery(loaded),
                samples.stream().mapToLong(Sample::serverBytes).max().orElse(0),
                samples.stream().mapToLong(Sample::ownBytes).max().orElse(0),
                List.copyOf(samples));
    }

    private double seconds() {
        return (System.nanoTime() - beginNs) / 1e9;
    }

    private Duration cpu() {
        return pids.stream().map(ProcessUsage::cpu).reduce(Duration.ZERO, Duration::plus);
    }

    private static boolean hasMemory() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory() < runtime.maxMemory() * MEMORY_LIMIT;
    }

    private static String machine() {
        return Runtime.getRuntime().availableProcessors() + " processors, " + System.getProperty("os.name") + " "
                + System.getProperty("os.version") + ", Java " + System.getProperty("java.version");
    }
}
