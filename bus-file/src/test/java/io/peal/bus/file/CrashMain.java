package io.peal.bus.file;

import io.peal.bus.Topic;
import io.peal.bus.WakeUp;
import io.peal.bus.file.Steps.Step;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The process that dies, stops or fails at a step: it joins, sleeps, publishes until segments were rolled, trimmed and
 * used again, and leaves.
 */
final class CrashMain {

    /** What happens at the step. */
    enum Action {
        HALT,
        STOP,
        THROW
    }

    static final Topic TOPIC = Topic.of("crash");
    static final int MESSAGES = 4_000;
    private static final int CORPSES = 4;

    private CrashMain() {}

    /** Arguments: the directory, a step and an action, or only the directory for one that halts when it has published. */
    public static void main(String... args) throws IOException, InterruptedException {
        Path directory = Path.of(args[0]);
        if (args.length == 1) {
            for (int i = 0; i < CORPSES; i++) { // the next who come take the first slots, the others have to be buried
                open(directory).publisher().publish(TOPIC, "from the dead");
            }
            Runtime.getRuntime().halt(137);
        }
        Step step = Step.valueOf(args[1]);
        Action action = Action.valueOf(args[2]);
        AtomicBoolean done = new AtomicBoolean();
        Steps.hook(at -> {
            if (at == step && done.compareAndSet(false, true)) {
                System.out.println("at " + step);
                act(action);
            }
        });
        FileBus bus = openAfterAll(directory);
        System.out.println("open");
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        WakeUp wakeUp = bus.newWakeUp(() -> {});
        for (int i = 0; i < MESSAGES; i++) {
            try {
                wakeUp.arm(bus.position().value());
                long position = bus.publisher().publish(TOPIC, "victim " + i + " " + "x".repeat(i % 500));
                System.out.println("returned " + i + " " + position);
            } catch (IllegalStateException onPurpose) {
                System.out.println("threw " + onPurpose.getMessage());
            }
            if (i % 500 == 0) {
                Thread.sleep(20); // so that the background thread has its turns, too
            }
        }
        Thread.sleep(1_500); // so that the work of each second is done
        try {
            bus.close();
        } catch (IllegalStateException onPurpose) {
            System.out.println("threw " + onPurpose.getMessage());
        }
        System.out.println("done " + done.get());
    }

    static FileBus open(Path directory) {
        return FileBus.at(directory)
                .dataSegmentLength(64 * 1024)
                .indexSegmentSlots(64)
                .maxLength(4 * 64 * 1024)
                .open();
    }

    private static FileBus openAfterAll(Path directory) {
        try {
            return open(directory);
        } catch (IllegalStateException onPurpose) {
            System.out.println("threw " + onPurpose.getMessage());
            return open(directory);
        }
    }

    private static void act(Action action) {
        switch (action) {
            case HALT -> Runtime.getRuntime().halt(137);
            case STOP -> stop();
            case THROW -> throw new IllegalStateException("on purpose");
        }
    }

    /** Stops the whole process here, until somebody continues it. */
    private static void stop() {
        try {
            new ProcessBuilder(
                            "kill",
                            "-STOP",
                            String.valueOf(ProcessHandle.current().pid()))
                    .start()
                    .waitFor();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException("cannot stop", e);
        }
    }
}
