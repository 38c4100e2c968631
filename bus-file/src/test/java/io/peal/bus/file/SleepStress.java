package io.peal.bus.file;

import io.peal.bus.ErrorHandler;
import io.peal.bus.WakeUp;
import io.peal.bus.spi.WakeUps;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** Step P8: nobody sleeps through a message. */
public final class SleepStress {

    private SleepStress() {}

    /** A sleeper announces itself and looks once more; a publisher publishes and looks for sleepers. */
    @JCStressTest
    @Outcome(
            id = {"1, 0", "0, 1", "1, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "one of them sees the other")
    @Outcome(id = "0, 0", expect = Expect.FORBIDDEN, desc = "the sleeper sleeps, and nobody will wake it")
    @State
    public static class NoMessageIsSleptThrough extends StressMemory {

        @Actor
        public void actor1(II_Result r) {
            one.control.announceSleep(3);
            r.r1 = one.get(1) != 0 ? 1 : 0;
        }

        @Actor
        public void actor2(II_Result r) {
            two.append(0, 11);
            r.r2 = two.control.isAnyoneAsleep() ? 1 : 0;
        }
    }

    /** The same for the first slot of the next index segment. */
    @JCStressTest
    @Outcome(
            id = {"1, 0", "0, 1", "1, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "one of them sees the other")
    @Outcome(id = "0, 0", expect = Expect.FORBIDDEN, desc = "the sleeper sleeps, and nobody will wake it")
    @State
    public static class NoMessageIsSleptThroughAtTheEdge extends StressMemory {

        @Actor
        public void actor1(II_Result r) {
            one.control.announceSleep(3);
            r.r1 = one.get(SLOTS) != 0 ? 1 : 0;
        }

        @Actor
        public void actor2(II_Result r) {
            two.append(SLOTS - 1, 11);
            r.r2 = two.control.isAnyoneAsleep() ? 1 : 0;
        }
    }

    /** Of two publishers at least the first is seen, or sees. */
    @JCStressTest
    @Outcome(
            id = {"1, 0, 0", "1, 0, 1", "1, 1, 0", "1, 1, 1", "0, 1, 1", "0, 1, 0", "0, 0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "the sleeper sees a message, or a publisher sees the sleeper")
    @Outcome(id = "0, 0, 0", expect = Expect.FORBIDDEN, desc = "nobody sees anybody")
    @State
    public static class TwoPublishersOneSleeper extends StressMemory {

        @Actor
        public void actor1(III_Result r) {
            one.control.announceSleep(3);
            r.r1 = one.get(1) != 0 ? 1 : 0;
        }

        @Actor
        public void actor2(III_Result r) {
            two.append(0, 11);
            r.r2 = two.control.isAnyoneAsleep() ? 1 : 0;
        }

        @Actor
        public void actor3(III_Result r) {
            two.append(0, 12);
            r.r3 = two.control.isAnyoneAsleep() ? 1 : 0;
        }
    }

    /** Each of two sleepers sees the message, or is seen. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "both are awake, or will be")
    @State
    public static class TwoSleepersOnePublisher extends StressMemory {
        private boolean first;
        private boolean second;
        private long seen;

        @Actor
        public void actor1() {
            one.control.announceSleep(3);
            first = one.get(1) != 0;
        }

        @Actor
        public void actor2() {
            one.control.announceSleep(4);
            second = one.get(1) != 0;
        }

        @Actor
        public void actor3() {
            two.append(0, 11);
            seen = two.control.sleepers(0);
        }

        @Arbiter
        public void arbiter(II_Result r) {
            r.r1 = first || (seen & 1L << 3) != 0 ? 1 : 0;
            r.r2 = second || (seen & 1L << 4) != 0 ? 1 : 0;
        }
    }

    /** Sleepers of different words of the bitmap do not disturb each other. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "both are there")
    @State
    public static class SleepersInOtherWords extends StressMemory {

        @Actor
        public void actor1() {
            one.control.announceSleep(3);
        }

        @Actor
        public void actor2() {
            two.control.announceSleep(200);
        }

        @Arbiter
        public void arbiter(II_Result r) {
            r.r1 = one.control.isAsleep(3) ? 1 : 0;
            r.r2 = one.control.isAsleep(200) ? 1 : 0;
        }
    }

    /** Nor do those of the same word. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "both are there")
    @State
    public static class SleepersInOneWord extends StressMemory {

        @Actor
        public void actor1() {
            one.control.announceSleep(3);
        }

        @Actor
        public void actor2() {
            two.control.announceSleep(4);
        }

        @Arbiter
        public void arbiter(II_Result r) {
            r.r1 = one.control.isAsleep(3) ? 1 : 0;
            r.r2 = one.control.isAsleep(4) ? 1 : 0;
        }
    }

    /** Of two publishers that see a sleeper one rings. */
    @JCStressTest
    @Outcome(
            id = {"1, 0", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "one of them rings")
    @State
    public static class OneRingForOneSleep extends StressMemory {
        public OneRingForOneSleep() {
            one.control.announceSleep(3);
        }

        @Actor
        public void actor1(II_Result r) {
            r.r1 = one.control.claimSleeper(3) ? 1 : 0;
        }

        @Actor
        public void actor2(II_Result r) {
            r.r2 = two.control.claimSleeper(3) ? 1 : 0;
        }
    }

    /** Of three publishers that see a sleeper one rings. */
    @JCStressTest
    @Outcome(
            id = {"1, 0, 0", "0, 1, 0", "0, 0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "one of them rings")
    @State
    public static class OneRingOfThreePublishers extends StressMemory {
        public OneRingOfThreePublishers() {
            one.control.announceSleep(3);
        }

        @Actor
        public void actor1(III_Result r) {
            r.r1 = one.control.claimSleeper(3) ? 1 : 0;
        }

        @Actor
        public void actor2(III_Result r) {
            r.r2 = two.control.claimSleeper(3) ? 1 : 0;
        }

        @Actor
        public void actor3(III_Result r) {
            r.r3 = two.control.claimSleeper(3) ? 1 : 0;
        }
    }

    /** Waking one does not take the duty to wake another. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "each is claimed once")
    @State
    public static class ClaimLeavesTheOthersAsleep extends StressMemory {
        public ClaimLeavesTheOthersAsleep() {
            one.control.announceSleep(3);
            one.control.announceSleep(4);
        }

        @Actor
        public void actor1(II_Result r) {
            r.r1 = one.control.claimSleeper(3) ? 1 : 0;
        }

        @Actor
        public void actor2(II_Result r) {
            r.r2 = two.control.claimSleeper(4) ? 1 : 0;
        }
    }

    /** Arming against publishing: it is refused, or it goes off. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused: there is something to read")
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "armed, and called")
    @State
    public static class ArmedWakeUpGoesOff {
        private final AtomicInteger called = new AtomicInteger();
        private final AtomicLong newest = new AtomicLong();
        private final WakeUps wakeUps = new WakeUps(newest::get, () -> {}, ErrorHandler.logging());
        private final WakeUp wakeUp = wakeUps.add(called::incrementAndGet);

        @Actor
        public void actor1(II_Result r) {
            r.r1 = wakeUp.arm(0) ? 1 : 0;
        }

        @Actor
        public void actor2() {
            newest.set(1);
            wakeUps.fire(1);
        }

        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = called.get();
        }
    }

    /** Two publishers, one call. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused: there is something to read")
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "armed, and called once")
    @State
    public static class ArmedWakeUpGoesOffOnce {
        private final AtomicInteger called = new AtomicInteger();
        private final AtomicLong newest = new AtomicLong();
        private final WakeUps wakeUps = new WakeUps(newest::get, () -> {}, ErrorHandler.logging());
        private final WakeUp wakeUp = wakeUps.add(called::incrementAndGet);

        @Actor
        public void actor1(II_Result r) {
            r.r1 = wakeUp.arm(0) ? 1 : 0;
        }

        @Actor
        public void actor2() {
            newest.set(1);
            wakeUps.fire(1);
        }

        @Actor
        public void actor3() {
            wakeUps.fire(newest.get());
        }

        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = called.get();
        }
    }

    /** Closing against publishing: one call, or none. */
    @JCStressTest
    @Outcome(
            id = {"0", "1"},
            expect = Expect.ACCEPTABLE,
            desc = "closed before, or called before")
    @State
    public static class ClosedWakeUpIsQuiet {
        private final AtomicInteger called = new AtomicInteger();
        private final AtomicLong newest = new AtomicLong();
        private final WakeUps wakeUps = new WakeUps(newest::get, () -> {}, ErrorHandler.logging());
        private final WakeUp wakeUp = wakeUps.add(called::incrementAndGet);

        public ClosedWakeUpIsQuiet() {
            wakeUp.arm(0);
        }

        @Actor
        public void actor1() {
            wakeUp.close();
        }

        @Actor
        public void actor2() {
            newest.set(1);
            wakeUps.fire(1);
        }

        @Arbiter
        public void arbiter(I_Result r) {
            r.r1 = called.get();
        }
    }
}
