package io.peal.examples.notify;

import io.peal.bus.BusException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The process of one replica; the supervisor starts it, and it ends when its standard input does. */
@Command(name = "replica")
final class ReplicaMain implements Callable<Integer> {

    /** It exits so when starting it again would not help (EX_CONFIG of sysexits.h). */
    static final int CANNOT_START = 78;

    @Mixin
    private Settings settings = new Settings();

    @Option(names = "--number", required = true)
    private int number;

    @Option(names = "--shared-port")
    private boolean sharedPort;

    public static void main(String... args) {
        System.exit(Main.commandLine(new ReplicaMain()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        try {
            Replica.start(number, settings, sharedPort);
        } catch (BusException | BindException e) {
            System.err.println(e.getMessage());
            return CANNOT_START;
        }
        System.out.println(Supervisor.READY);
        readToTheEnd(System.in);
        return 0;
    }

    /** Returns when whoever holds the other end is gone. */
    static void readToTheEnd(InputStream input) {
        try {
            input.transferTo(OutputStream.nullOutputStream());
        } catch (IOException brokenPipe) {
            return;
        }
    }
}
