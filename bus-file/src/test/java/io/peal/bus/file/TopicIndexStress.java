package io.peal.bus.file;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** The topic index, searched while it grows. */
public final class TopicIndexStress {

    private TopicIndexStress() {}

    /** One number is added while it is searched. */
    @JCStressTest
    @Outcome(id = "-1", expect = Expect.ACCEPTABLE, desc = "not there yet")
    @Outcome(id = "7", expect = Expect.ACCEPTABLE, desc = "there")
    @State
    public static class NumberIsThereOrNot {
        private final TopicIndex.Occurrences occurrences = new TopicIndex.Occurrences();

        @Actor
        public void actor1() {
            occurrences.add(7, 0);
        }

        @Actor
        public void actor2(I_Result r) {
            r.r1 = occurrences.firstBehind(0);
        }
    }

    /** The array is replaced by a longer one meanwhile. */
    @JCStressTest
    @Outcome(
            id = {"1, 4", "1, 5"},
            expect = Expect.ACCEPTABLE,
            desc = "what was there is found, and perhaps the new one")
    @State
    public static class OldNumbersStay {
        private final TopicIndex.Occurrences occurrences = new TopicIndex.Occurrences();

        public OldNumbersStay() {
            for (int number = 1; number <= 4; number++) {
                occurrences.add(number, 0);
            }
        }

        @Actor
        public void actor1() {
            occurrences.add(5, 0);
        }

        @Actor
        public void actor2(II_Result r) {
            r.r1 = occurrences.firstBehind(0);
            int next = occurrences.firstBehind(4);
            r.r2 = next == 5 ? 5 : occurrences.firstBehind(3);
        }
    }

    /** Numbers from before the beginning of the log may be dropped, others not. */
    @JCStressTest
    @Outcome(
            id = {"1, 3", "3, 3"},
            expect = Expect.ACCEPTABLE,
            desc = "what is needed is found")
    @State
    public static class NeedlessNumbersMayGo {
        private final TopicIndex.Occurrences occurrences = new TopicIndex.Occurrences();

        public NeedlessNumbersMayGo() {
            for (int number = 1; number <= 4; number++) {
                occurrences.add(number, 0);
            }
        }

        @Actor
        public void actor1() {
            occurrences.add(5, 3);
        }

        @Actor
        public void actor2(II_Result r) {
            r.r1 = occurrences.firstBehind(0);
            r.r2 = occurrences.firstBehind(2);
        }
    }

    /** Two numbers are added while they are searched. */
    @JCStressTest
    @Outcome(
            id = {"-1, -1", "-1, 7", "-1, 8", "7, -1", "7, 8"},
            expect = Expect.ACCEPTABLE,
            desc = "what was found first is not lost again")
    @State
    public static class RisingWhileSearched {
        private final TopicIndex.Occurrences occurrences = new TopicIndex.Occurrences();

        @Actor
        public void actor1() {
            occurrences.add(7, 0);
            occurrences.add(8, 0);
        }

        @Actor
        public void actor2(II_Result r) {
            r.r1 = occurrences.firstBehind(0);
            r.r2 = occurrences.firstBehind(r.r1 == 7 ? 7 : 0);
        }
    }
}
