package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.file.CrashMain.Action;
import io.peal.bus.file.Steps.Step;
import io.peal.testkit.JvmCommand;
import io.peal.testkit.ReplicaProcess;
import io.peal.testkit.TestDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * At every step a process is killed, stopped for a while, or fails: those who live deliver meanwhile, newcomers join, and
 * everything that a {@code publish} returned for is there, or known to be trimmed.
 */
@Timeout(120)
@Execution(ExecutionMode.CONCURRENT)
class StepsCrashTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration DELIVERY_LIMIT = Duration.ofSeconds(10);
    private static final long STOPPED_NS = 1_000_000_000L;
    private static final Set<Step> ONLY_THE_JANITORS = EnumSet.of(Step.TRIM_INDEX_DELETED, Step.TRIM_DATA_DELETED);

    static Stream<Arguments> cases() {
        return Stream.of(Step.values())
                .flatMap(step -> Stream.of(Action.values()).map(action -> Arguments.of(step, action)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("cases")
    void othersGoOn(Step step, Action action) {
        TestDirectory scratch = new TestDirectory();
        Path directory = scratch.path().resolve("bus");
        try {
            if (step.name().startsWith("BURY")) {
                assertThat(start(directory).awaitExit(LIMIT)).isEqualTo(137);
            }
            try (ReplicaProcess victim = start(directory, step.name(), action.name())) {
                victim.awaitLine(line -> line.equals("open") || line.startsWith("at "), "open, or at the step", LIMIT);
                if (step.name().startsWith("BURY")) {
                    awaitStep(victim, step); // before anybody else comes who might do the work
                } else if (ONLY_THE_JANITORS.contains(step)) {
                    sendIfItListens(victim);
                    awaitStep(victim, step); // before anybody else is there who might become the janitor
                }
                surviveWith(victim, directory, step, action);
            }
        } finally {
            scratch.close();
        }
    }

    private static void surviveWith(ReplicaProcess victim, Path directory, Step step, Action action) {
        try (FileBus survivor = CrashMain.open(directory)) {
            Seen seen = new Seen();
            survivor.subscribe(CrashMain.TOPIC, StartFrom.earliest(), seen);
            sendIfItListens(victim);
            awaitStep(victim, step);
            publishAndAwait(survivor, seen, "while it is gone");
            try (FileBus newcomer = CrashMain.open(directory)) {
                publishAndAwait(newcomer, seen, "from a newcomer");
            }
            switch (action) {
                case HALT -> assertThat(victim.awaitExit(LIMIT)).isEqualTo(137);
                case STOP -> {
                    LockSupport.parkNanos(STOPPED_NS);
                    victim.resume();
                    sendIfItListens(victim);
                    assertThat(victim.awaitExit(LIMIT)).isZero();
                }
                case THROW -> assertThat(victim.awaitExit(LIMIT)).isZero();
            }
            publishAndAwait(survivor, seen, "at the end");
            seen.checkComplete(victim);
        }
    }

    private static void sendIfItListens(ReplicaProcess victim) {
        if (victim.isAlive()) {
            try {
                victim.send("go");
            } catch (RuntimeException itDiedMeanwhile) {
                assertThat(victim.awaitExit(LIMIT)).isEqualTo(137);
            }
        }
    }

    private static void awaitStep(ReplicaProcess victim, Step step) {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!victim.output().contains("at " + step)) {
            assertThat(System.nanoTime())
                    .as(() -> "it comes to " + step + ", and does not only say: " + rest(victim))
                    .isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static List<String> rest(ReplicaProcess victim) {
        return victim.output().stream()
                .filter(line -> !line.startsWith("returned "))
                .toList();
    }

    private static void publishAndAwait(FileBus bus, Seen seen, String text) {
        long last = 0;
        for (int i = 0; i < 50; i++) {
            last = bus.publisher().publish(CrashMain.TOPIC, text + " " + i);
        }
        seen.await(last);
    }

    private static ReplicaProcess start(Path directory, String... args) {
        List<String> all = new ArrayList<>(List.of(directory.toString()));
        Collections.addAll(all, args);
        List<String> command = new ArrayList<>(JvmCommand.forMain(CrashMain.class, all.toArray(String[]::new)));
        command.add(1, "-Dio.peal.bus.file.steps=true");
        return ReplicaProcess.start(command);
    }

    /** What the survivor's subscriber was told. Thread-safe. */
    private static final class Seen implements Subscriber {

        private final NavigableMap<Long, Gap> gaps = new TreeMap<>(); // by first position; guarded by this
        private final NavigableMap<Long, String> texts = new TreeMap<>(); // by position; guarded by this

        @Override
        public synchronized void onMessage(Message message) {
            assertThat(texts.put(message.position(), message.text())).isNull();
            notifyAll();
        }

        @Override
        public synchronized void onGap(Gap gap) {
            gaps.put(gap.first(), gap);
        }

        synchronized void await(long position) {
            long deadline = System.nanoTime() + DELIVERY_LIMIT.toNanos();
            while (texts.isEmpty() || texts.lastKey() < position) {
                long leftMs = (deadline - System.nanoTime()) / 1_000_000;
                assertThat(leftMs).as("delivery up to " + position).isPositive();
                try {
                    wait(leftMs);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        }

        /** Every position that was returned was delivered with its text, or lies in a gap that was told. */
        synchronized void checkComplete(ReplicaProcess victim) {
            long first = texts.firstKey();
            for (String line : victim.output()) {
                if (line.startsWith("returned ")) {
                    String[] words = line.split(" ", 3);
                    long position = Long.parseLong(words[2]);
                    String text = texts.get(position);
                    if (text != null) {
                        assertThat(text).startsWith("victim " + words[1] + " ");
                    } else if (position > first) {
                        var gap = gaps.floorEntry(position);
                        assertThat(gap)
                                .as("position " + position + " was returned and is missing")
                                .isNotNull();
                        assertThat(gap.getValue().last()).isGreaterThanOrEqualTo(position);
                    }
                }
            }
        }
    }
}
