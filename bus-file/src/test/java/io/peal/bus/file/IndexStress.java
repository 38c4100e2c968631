package io.peal.bus.file;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.JJ_Result;
import org.openjdk.jcstress.infra.results.J_Result;

/** Steps P4, P5 and R1: the slots of the index, filled and read through two mappings. */
public final class IndexStress {

    private IndexStress() {}

    /** One slot, two publishers. */
    @JCStressTest
    @Outcome(
            id = {"1, 0", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "one of them has filled the slot")
    @State
    public static class TwoFillOneSlot extends StressMemory {

        @Actor
        public void actor1(II_Result r) {
            r.r1 = one.index.fill(1, 11) ? 1 : 0;
        }

        @Actor
        public void actor2(II_Result r) {
            r.r2 = two.index.fill(1, 12) ? 1 : 0;
        }
    }

    /** One slot, three publishers. */
    @JCStressTest
    @Outcome(
            id = {"1, 0, 0", "0, 1, 0", "0, 0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "one of them has filled the slot")
    @State
    public static class ThreeFillOneSlot extends StressMemory {

        @Actor
        public void actor1(III_Result r) {
            r.r1 = one.index.fill(1, 11) ? 1 : 0;
        }

        @Actor
        public void actor2(III_Result r) {
            r.r2 = two.index.fill(1, 12) ? 1 : 0;
        }

        @Actor
        public void actor3(III_Result r) {
            r.r3 = two.index.fill(1, 13) ? 1 : 0;
        }
    }

    /** Who could not fill a slot sees what is in it. */
    @JCStressTest
    @Outcome(
            id = {"11, 11", "12, 12"},
            expect = Expect.ACCEPTABLE,
            desc = "both see what the winner has put there")
    @State
    public static class LoserSeesTheWinner extends StressMemory {

        @Actor
        public void actor1(JJ_Result r) {
            one.index.fill(1, 11);
            r.r1 = one.index.get(1);
        }

        @Actor
        public void actor2(JJ_Result r) {
            two.index.fill(1, 12);
            r.r2 = two.index.get(1);
        }
    }

    /** A descriptor is seen whole. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "read before it was filled")
    @Outcome(id = "81985529216486895", expect = Expect.ACCEPTABLE, desc = "read after it was filled")
    @State
    public static class SlotIsNeverHalf extends StressMemory {

        @Actor
        public void actor1() {
            one.index.fill(1, 0x0123456789abcdefL);
        }

        @Actor
        public void actor2(J_Result r) {
            r.r1 = two.index.get(1);
        }
    }

    /** A slot that was seen full stays so. */
    @JCStressTest
    @Outcome(
            id = {"0, 0", "0, 11", "11, 11"},
            expect = Expect.ACCEPTABLE,
            desc = "it was filled at some time, or not yet")
    @Outcome(id = "11, 0", expect = Expect.FORBIDDEN, desc = "it was seen full, and empty after that")
    @State
    public static class SlotChangesOnce extends StressMemory {

        @Actor
        public void actor1() {
            one.index.fill(1, 11);
        }

        @Actor
        public void actor2(JJ_Result r) {
            r.r1 = two.index.get(1);
            r.r2 = two.index.get(1);
        }
    }

    /** A slot two publishers want does not change hands. */
    @JCStressTest
    @Outcome(
            id = {"0, 0", "0, 11", "0, 12", "11, 11", "12, 12"},
            expect = Expect.ACCEPTABLE,
            desc = "empty, then one of the two for ever")
    @State
    public static class SlotKeepsItsWinner extends StressMemory {

        @Actor
        public void actor1() {
            one.index.fill(1, 11);
        }

        @Actor
        public void actor2() {
            one.index.fill(1, 12);
        }

        @Actor
        public void actor3(JJ_Result r) {
            r.r1 = two.index.get(1);
            r.r2 = two.index.get(1);
        }
    }

    /** Read backwards, a full slot has a full one before it. */
    @JCStressTest
    @Outcome(
            id = {"0, 0", "0, 11", "12, 11"},
            expect = Expect.ACCEPTABLE,
            desc = "the log ends somewhere")
    @Outcome(id = "12, 0", expect = Expect.FORBIDDEN, desc = "a hole")
    @State
    public static class NoHoleBehindOnePublisher extends StressMemory {

        @Actor
        public void actor1() {
            one.append(0, 11);
            one.append(0, 12);
        }

        @Actor
        public void actor2(JJ_Result r) {
            r.r1 = two.get(2);
            r.r2 = two.get(1);
        }
    }

    /** The same with two publishers that race for both slots. */
    @JCStressTest
    @Outcome(
            id = {"0, 0", "0, 1", "1, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "the log ends somewhere")
    @Outcome(id = "1, 0", expect = Expect.FORBIDDEN, desc = "a hole")
    @State
    public static class NoHoleBehindTwoPublishers extends StressMemory {

        @Actor
        public void actor1() {
            one.append(0, 11);
        }

        @Actor
        public void actor2() {
            two.append(0, 12);
        }

        @Actor
        public void actor3(II_Result r) {
            r.r1 = two.get(2) != 0 ? 1 : 0;
            r.r2 = two.get(1) != 0 ? 1 : 0;
        }
    }

    /** The same where one index segment ends and the next begins. */
    @JCStressTest
    @Outcome(
            id = {"0, 0", "0, 11", "12, 11"},
            expect = Expect.ACCEPTABLE,
            desc = "the log ends somewhere")
    @Outcome(id = "12, 0", expect = Expect.FORBIDDEN, desc = "a hole at the edge")
    @State
    public static class NoHoleAtTheEdge extends StressMemory {

        @Actor
        public void actor1() {
            one.append(SLOTS - 2, 11);
            one.append(SLOTS - 2, 12);
        }

        @Actor
        public void actor2(JJ_Result r) {
            r.r1 = two.get(SLOTS);
            r.r2 = two.get(SLOTS - 1);
        }
    }

    /** Two publishers get neighbouring positions. */
    @JCStressTest
    @Outcome(
            id = {"1, 2", "2, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "one was first")
    @State
    public static class TwoAppendsAreDense extends StressMemory {

        @Actor
        public void actor1(II_Result r) {
            r.r1 = (int) one.append(0, 11);
        }

        @Actor
        public void actor2(II_Result r) {
            r.r2 = (int) two.append(0, 12);
        }
    }

    /** The same with the last slot of one segment and the first of the next. */
    @JCStressTest
    @Outcome(
            id = {"63, 64", "64, 63"},
            expect = Expect.ACCEPTABLE,
            desc = "one was first")
    @State
    public static class TwoAppendsAtTheEdgeAreDense extends StressMemory {

        @Actor
        public void actor1(II_Result r) {
            r.r1 = (int) one.append(SLOTS - 2, 11);
        }

        @Actor
        public void actor2(II_Result r) {
            r.r2 = (int) two.append(SLOTS - 2, 12);
        }
    }

    /** Three publishers get three neighbouring positions. */
    @JCStressTest
    @Outcome(
            id = {"1, 2, 3", "1, 3, 2", "2, 1, 3", "2, 3, 1", "3, 1, 2", "3, 2, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "some order")
    @State
    public static class ThreeAppendsAreDense extends StressMemory {

        @Actor
        public void actor1(III_Result r) {
            r.r1 = (int) one.append(0, 11);
        }

        @Actor
        public void actor2(III_Result r) {
            r.r2 = (int) two.append(0, 12);
        }

        @Actor
        public void actor3(III_Result r) {
            r.r3 = (int) two.append(0, 13);
        }
    }

    /** What one thread publishes twice rises, whoever publishes between (G2). */
    @JCStressTest
    @Outcome(
            id = {"1, 2", "1, 3", "2, 3"},
            expect = Expect.ACCEPTABLE,
            desc = "its second position is behind its first")
    @State
    public static class ThreadKeepsItsOrder extends StressMemory {

        @Actor
        public void actor1(II_Result r) {
            r.r1 = (int) one.append(0, 11);
            r.r2 = (int) one.append(0, 12);
        }

        @Actor
        public void actor2() {
            two.append(0, 13);
        }
    }

    /** Two readers see the same order (G1). */
    @JCStressTest
    @Outcome(
            id = {"11, 12", "12, 11"},
            expect = Expect.ACCEPTABLE,
            desc = "some order, the same for both readers")
    @State
    public static class ReadersAgree extends StressMemory {

        @Actor
        public void actor1() {
            one.append(0, 11);
        }

        @Actor
        public void actor2() {
            two.append(0, 12);
        }

        @Arbiter
        public void arbiter(II_Result r) {
            boolean same = one.get(1) == two.get(1) && one.get(2) == two.get(2);
            r.r1 = same ? (int) one.get(1) : -1;
            r.r2 = same ? (int) two.get(2) : -1;
        }
    }

    /** A publisher that was stopped while its segment was filled and trimmed, and goes on when its file is used again. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "it fills nothing, and the new segment's slot is free")
    @State
    public static class StaleFillMeetsRecycling extends StressMemory {

        public StaleFillMeetsRecycling() {
            one.append(0, 11);
        }

        @Actor
        public void actor1(II_Result r) {
            r.r1 = two.index.fill(1, 12) ? 1 : 0;
        }

        @Actor
        public void actor2() {
            one.recycleIndex();
        }

        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = (int) one.asSegmentTwo().get(2 * SLOTS + 1);
        }
    }

    /** A reader that was stopped in a segment never takes a slot of the later one for a free one of its own. */
    @JCStressTest
    @Outcome(id = "11", expect = Expect.ACCEPTABLE, desc = "what was there")
    @Outcome(id = "2", expect = Expect.ACCEPTABLE, desc = "a free slot of segment two, which is no record")
    @Outcome(
            id = "13",
            expect = Expect.ACCEPTABLE,
            desc = "a record of segment two: its own position is trimmed, as it will see")
    @State
    public static class StaleReaderMeetsRecycling extends StressMemory {

        public StaleReaderMeetsRecycling() {
            one.append(0, 11);
        }

        @Actor
        public void actor1() {
            one.recycleIndex().fill(2 * SLOTS + 1, 13);
        }

        @Actor
        public void actor2(J_Result r) {
            r.r1 = two.index.get(1);
        }
    }
}
