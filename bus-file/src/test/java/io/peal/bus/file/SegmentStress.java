package io.peal.bus.file;

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

/** Steps P2 and P7: room in a data segment, and who seals it when it is full. */
public final class SegmentStress {

    private SegmentStress() {}

    /** Two reservations. */
    @JCStressTest
    @Outcome(
            id = {"4096, 4160", "4160, 4096"},
            expect = Expect.ACCEPTABLE,
            desc = "side by side")
    @State
    public static class TwoReserveDisjointRoom extends StressMemory {

        @Actor
        public void actor1(II_Result r) {
            r.r1 = one.data.reserve(64);
        }

        @Actor
        public void actor2(II_Result r) {
            r.r2 = one.data.reserve(64);
        }
    }

    /** Three reservations, room for two. */
    @JCStressTest
    @Outcome(
            id = {
                "4096, 6144, -1",
                "6144, 4096, -1",
                "4096, -1, 6144",
                "6144, -1, 4096",
                "-1, 4096, 6144",
                "-1, 6144, 4096"
            },
            expect = Expect.ACCEPTABLE,
            desc = "one finds no room")
    @State
    public static class RoomForTwoOfThree extends StressMemory {
        private static final int ROOM = 8 * 1024 - DataLayout.firstRecordAt(8 * 1024);

        @Actor
        public void actor1(III_Result r) {
            r.r1 = one.data.reserve(ROOM / 2);
        }

        @Actor
        public void actor2(III_Result r) {
            r.r2 = one.data.reserve(ROOM / 2);
        }

        @Actor
        public void actor3(III_Result r) {
            r.r3 = one.data.reserve(ROOM / 2);
        }
    }

    /** Two reservations, room for one. */
    @JCStressTest
    @Outcome(
            id = {"4096, -1", "-1, 4096"},
            expect = Expect.ACCEPTABLE,
            desc = "one finds no room")
    @State
    public static class RoomForOneOfTwo extends StressMemory {
        private static final int ROOM = 8 * 1024 - DataLayout.firstRecordAt(8 * 1024);

        @Actor
        public void actor1(II_Result r) {
            r.r1 = one.data.reserve(ROOM);
        }

        @Actor
        public void actor2(II_Result r) {
            r.r2 = one.data.reserve(ROOM);
        }
    }

    /** Two finish the last records of a full segment. */
    @JCStressTest
    @Outcome(
            id = {"1, 0", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "one of them is to seal")
    @State
    public static class OneOfTwoFinishersSeals extends StressMemory {
        private static final int ROOM = 8 * 1024 - DataLayout.firstRecordAt(8 * 1024);

        public OneOfTwoFinishersSeals() {
            one.data.reserve(64);
            one.data.reserve(64);
            one.data.reserve(ROOM);
        }

        @Actor
        public void actor1(II_Result r) {
            r.r1 = one.data.finish(64) ? 1 : 0;
        }

        @Actor
        public void actor2(II_Result r) {
            r.r2 = one.data.finish(64) ? 1 : 0;
        }
    }

    /** One finishes the last record while another finds the segment full. */
    @JCStressTest
    @Outcome(
            id = {"1, 0", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "one of them is to seal")
    @State
    public static class FinisherOrRollerSeals extends StressMemory {
        private static final int ROOM = 8 * 1024 - DataLayout.firstRecordAt(8 * 1024);

        public FinisherOrRollerSeals() {
            one.data.reserve(64);
        }

        @Actor
        public void actor1(II_Result r) {
            r.r1 = one.data.finish(64) ? 1 : 0;
        }

        @Actor
        public void actor2(II_Result r) {
            one.data.reserve(ROOM);
            r.r2 = one.data.isToBeSealed() ? 1 : 0;
        }
    }

    /** One finishes the last record while the bus is closed. */
    @JCStressTest
    @Outcome(
            id = {"1, 0", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "one of them is to seal")
    @State
    public static class FinisherOrLeaverSeals extends StressMemory {
        public FinisherOrLeaverSeals() {
            one.data.reserve(64);
        }

        @Actor
        public void actor1(II_Result r) {
            r.r1 = one.data.finish(64) ? 1 : 0;
        }

        @Actor
        public void actor2(II_Result r) {
            r.r2 = one.data.retire() ? 1 : 0;
        }
    }

    /** Two find the segment full when all of it is finished. */
    @JCStressTest
    @Outcome(
            id = {"1, 0", "0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "one of them is to seal")
    @State
    public static class TwoRollersSealOnce extends StressMemory {
        private static final int ROOM = 8 * 1024 - DataLayout.firstRecordAt(8 * 1024);

        public TwoRollersSealOnce() {
            one.data.reserve(64);
            one.data.finish(64);
        }

        @Actor
        public void actor1(II_Result r) {
            one.data.reserve(ROOM);
            r.r1 = one.data.isToBeSealed() ? 1 : 0;
        }

        @Actor
        public void actor2(II_Result r) {
            one.data.reserve(ROOM);
            r.r2 = one.data.isToBeSealed() ? 1 : 0;
        }
    }

    /** Two finish while a third finds the segment full. */
    @JCStressTest
    @Outcome(
            id = {"1, 0, 0", "0, 1, 0", "0, 0, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "one of them is to seal")
    @State
    public static class TwoFinishersAndARollerSealOnce extends StressMemory {
        private static final int ROOM = 8 * 1024 - DataLayout.firstRecordAt(8 * 1024);

        public TwoFinishersAndARollerSealOnce() {
            one.data.reserve(64);
            one.data.reserve(64);
        }

        @Actor
        public void actor1(III_Result r) {
            r.r1 = one.data.finish(64) ? 1 : 0;
        }

        @Actor
        public void actor2(III_Result r) {
            r.r2 = one.data.finish(64) ? 1 : 0;
        }

        @Actor
        public void actor3(III_Result r) {
            one.data.reserve(ROOM);
            r.r3 = one.data.isToBeSealed() ? 1 : 0;
        }
    }

    /** As long as a record is not finished nobody seals. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "one record is still to come")
    @State
    public static class OpenSegmentIsNotSealed extends StressMemory {
        public OpenSegmentIsNotSealed() {
            one.data.reserve(64);
            one.data.reserve(64);
        }

        @Actor
        public void actor1(II_Result r) {
            r.r1 = one.data.finish(64) ? 1 : 0;
        }

        @Actor
        public void actor2(II_Result r) {
            r.r2 = one.data.retire() ? 1 : 0;
        }
    }

    /** Whoever seals does it with a position that no record is behind (I6). */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "both positions are within the bound")
    @State
    public static class SealBoundsItsRecords extends StressMemory {
        private static final int ROOM = 8 * 1024 - DataLayout.firstRecordAt(8 * 1024);
        private final AtomicLong first = new AtomicLong();
        private final AtomicLong second = new AtomicLong();

        private void publish() {
            long position = one.append(0, 11);
            (position == 1 ? first : second).set(position);
            if (one.data.finish(64)) {
                one.data.seal(one.get(2) != 0 ? 2 : 1);
            }
        }

        public SealBoundsItsRecords() {
            one.data.reserve(64);
            one.data.reserve(64);
            one.data.reserve(ROOM);
        }

        @Actor
        public void actor1() {
            publish();
        }

        @Actor
        public void actor2() {
            publish();
        }

        @Arbiter
        public void arbiter(I_Result r) {
            long bound = two.data.sealedAt();
            r.r1 = bound >= first.get() && bound >= second.get() && bound != DataLayout.OPEN ? 1 : 0;
        }
    }
}
