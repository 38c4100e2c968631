package io.peal.bus.file;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** Joining, leaving and being taken for dead. */
public final class MemberStress {

    private MemberStress() {}

    /** Two replicas that join. */
    @JCStressTest
    @Outcome(
            id = {"1, 2", "2, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "each has its own")
    @State
    public static class TwoTakeWriterIds extends StressMemory {

        @Actor
        public void actor1(II_Result r) {
            r.r1 = one.control.takeWriterId();
        }

        @Actor
        public void actor2(II_Result r) {
            r.r2 = two.control.takeWriterId();
        }
    }

    /** Three replicas that join. */
    @JCStressTest
    @Outcome(
            id = {"1, 2, 3", "1, 3, 2", "2, 1, 3", "2, 3, 1", "3, 1, 2", "3, 2, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "each has its own")
    @State
    public static class ThreeTakeWriterIds extends StressMemory {

        @Actor
        public void actor1(III_Result r) {
            r.r1 = one.control.takeWriterId();
        }

        @Actor
        public void actor2(III_Result r) {
            r.r2 = two.control.takeWriterId();
        }

        @Actor
        public void actor3(III_Result r) {
            r.r3 = two.control.takeWriterId();
        }
    }

    /** Who sees that a place is taken sees by whom. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "not taken yet")
    @Outcome(id = "9", expect = Expect.ACCEPTABLE, desc = "taken, by number 9")
    @State
    public static class ActiveParticipantHasANumber extends StressMemory {

        @Actor
        public void actor1() {
            one.control.enter(3, 9, "name");
        }

        @Actor
        public void actor2(I_Result r) {
            r.r1 = two.control.isActive(3) ? two.control.writerId(3) : 0;
        }
    }

    /** Who was buried is told before it publishes, or has published before anybody knew. */
    @JCStressTest
    @Outcome(
            id = {"1, 0", "1, 1", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "it was fenced, or it was not known to be dead yet")
    @State
    public static class BuriedWriterIsFenced extends StressMemory {
        public BuriedWriterIsFenced() {
            one.control.enter(3, 9, "name");
        }

        @Actor
        public void actor1(II_Result r) {
            r.r1 = one.control.isStill(3, 9) ? 1 : 0;
        }

        @Actor
        public void actor2(II_Result r) {
            two.control.leave(3);
            r.r2 = 1;
        }
    }

    /** A writer that is fenced stays so. */
    @JCStressTest
    @Outcome(
            id = {"1, 1", "1, 0", "0, 0"},
            expect = Expect.ACCEPTABLE,
            desc = "fenced at some time, or not yet")
    @Outcome(id = "0, 1", expect = Expect.FORBIDDEN, desc = "it came back to life")
    @State
    public static class FencedOnceFencedForEver extends StressMemory {
        public FencedOnceFencedForEver() {
            one.control.enter(3, 9, "name");
        }

        @Actor
        public void actor1(II_Result r) {
            r.r1 = one.control.isStill(3, 9) ? 1 : 0;
            r.r2 = one.control.isStill(3, 9) ? 1 : 0;
        }

        @Actor
        public void actor2() {
            two.control.leave(3);
            two.control.enter(3, 10, "other");
        }
    }
}
