package io.peal.bus.file;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.JJ_Result;
import org.openjdk.jcstress.infra.results.J_Result;

/** Step P6, and the other numbers that only rise. */
public final class HintStress {

    private HintStress() {}

    /** The tail hint, raised by two: the higher one stays. */
    @JCStressTest
    @Outcome(id = "20", expect = Expect.ACCEPTABLE, desc = "the higher one")
    @State
    public static class TwoRaiseTailHint extends StressMemory {

        @Actor
        public void actor1() {
            one.control.raiseTailHint(10);
        }

        @Actor
        public void actor2() {
            two.control.raiseTailHint(20);
        }

        @Arbiter
        public void arbiter(J_Result r) {
            r.r1 = one.control.tailHint();
        }
    }

    /** The tail hint, watched while it rises. */
    @JCStressTest
    @Outcome(
            id = {"0, 0", "0, 10", "0, 20", "10, 10", "10, 20", "20, 20"},
            expect = Expect.ACCEPTABLE,
            desc = "it rises, or stays")
    @State
    public static class TailHintNeverFalls extends StressMemory {

        @Actor
        public void actor1() {
            one.control.raiseTailHint(10);
            one.control.raiseTailHint(20);
        }

        @Actor
        public void actor2(JJ_Result r) {
            r.r1 = two.control.tailHint();
            r.r2 = two.control.tailHint();
        }
    }

    /** The beginning of the log, raised by two: the higher one stays. */
    @JCStressTest
    @Outcome(id = "20", expect = Expect.ACCEPTABLE, desc = "the higher one")
    @State
    public static class TwoRaiseOldest extends StressMemory {

        @Actor
        public void actor1() {
            one.control.raiseOldest(10);
        }

        @Actor
        public void actor2() {
            two.control.raiseOldest(20);
        }

        @Arbiter
        public void arbiter(J_Result r) {
            r.r1 = one.control.oldest();
        }
    }

    /** The beginning of the log, watched while it rises. */
    @JCStressTest
    @Outcome(
            id = {"1, 1", "1, 10", "1, 20", "10, 10", "10, 20", "20, 20"},
            expect = Expect.ACCEPTABLE,
            desc = "it rises, or stays")
    @State
    public static class OldestNeverFalls extends StressMemory {

        @Actor
        public void actor1() {
            one.control.raiseOldest(10);
            one.control.raiseOldest(20);
        }

        @Actor
        public void actor2(JJ_Result r) {
            r.r1 = two.control.oldest();
            r.r2 = two.control.oldest();
        }
    }

    /** The checkpoint, raised by two: the higher one stays. */
    @JCStressTest
    @Outcome(id = "20", expect = Expect.ACCEPTABLE, desc = "the higher one")
    @State
    public static class TwoRaiseCheckpoint extends StressMemory {

        @Actor
        public void actor1() {
            one.control.raiseCheckpoint(10);
        }

        @Actor
        public void actor2() {
            two.control.raiseCheckpoint(20);
        }

        @Arbiter
        public void arbiter(J_Result r) {
            r.r1 = one.control.checkpoint();
        }
    }

    /** The checkpoint, watched while it rises. */
    @JCStressTest
    @Outcome(
            id = {"0, 0", "0, 10", "0, 20", "10, 10", "10, 20", "20, 20"},
            expect = Expect.ACCEPTABLE,
            desc = "it rises, or stays")
    @State
    public static class CheckpointNeverFalls extends StressMemory {

        @Actor
        public void actor1() {
            one.control.raiseCheckpoint(10);
            one.control.raiseCheckpoint(20);
        }

        @Actor
        public void actor2(JJ_Result r) {
            r.r1 = two.control.checkpoint();
            r.r2 = two.control.checkpoint();
        }
    }

    /** The tail hint, raised by three. */
    @JCStressTest
    @Outcome(id = "30", expect = Expect.ACCEPTABLE, desc = "the highest")
    @State
    public static class ThreeRaiseTheTailHint extends StressMemory {

        @Actor
        public void actor1() {
            one.control.raiseTailHint(10);
        }

        @Actor
        public void actor2() {
            two.control.raiseTailHint(30);
        }

        @Actor
        public void actor3() {
            two.control.raiseTailHint(20);
        }

        @Arbiter
        public void arbiter(J_Result r) {
            r.r1 = one.control.tailHint();
        }
    }

    /** Who starts to raise from an old value does not lower what others have raised. */
    @JCStressTest
    @Outcome(id = "20", expect = Expect.ACCEPTABLE, desc = "the higher one")
    @State
    public static class SlowRaiserDoesNoHarm extends StressMemory {

        @Actor
        public void actor1() {
            one.control.raiseTailHint(20);
        }

        @Actor
        public void actor2() {
            two.control.raiseTailHint(5);
            two.control.raiseTailHint(6);
        }

        @Arbiter
        public void arbiter(J_Result r) {
            r.r1 = two.control.tailHint();
        }
    }

    /** Who starts at the hint fills no slot whose predecessor is empty (I3, I4). */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "it was first")
    @Outcome(id = "2, 1", expect = Expect.ACCEPTABLE, desc = "it came second")
    @State
    public static class HintLeadsToNoHole extends StressMemory {

        @Actor
        public void actor1() {
            long position = one.append(0, 11);
            one.control.raiseTailHint(position);
        }

        @Actor
        public void actor2(II_Result r) {
            r.r1 = (int) two.append(two.control.tailHint(), 12);
            r.r2 = r.r1 == 2 && one.get(1) == 11 ? 1 : 0;
        }
    }
}
