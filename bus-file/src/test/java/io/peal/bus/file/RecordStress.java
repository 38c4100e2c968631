package io.peal.bus.file;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** Steps P3 to P5 and R1 to R5: a record that is in the index is complete. */
public final class RecordStress {

    private RecordStress() {}

    /** A reader of the other mapping. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "not published yet")
    @Outcome(id = "42", expect = Expect.ACCEPTABLE, desc = "published, and whole")
    @Outcome(id = "-1", expect = Expect.FORBIDDEN, desc = "in the index, and not whole")
    @State
    public static class RecordIsCompleteBehindItsSlot extends StressMemory {

        @Actor
        public void actor1() {
            one.append(0, one.write(0, 42));
        }

        @Actor
        public void actor2(I_Result r) {
            long descriptor = two.get(1);
            r.r1 = descriptor == 0 ? 0 : two.read(descriptor);
        }
    }

    /** Two publishers, each with a record of its own. */
    @JCStressTest
    @Outcome(
            id = {"1, 2", "2, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "both are whole, in some order")
    @State
    public static class RecordsOfTwoWritersAreComplete extends StressMemory {

        @Actor
        public void actor1() {
            one.append(0, one.write(0, 1));
        }

        @Actor
        public void actor2() {
            two.append(0, two.write(1, 2));
        }

        @Arbiter
        public void arbiter(II_Result r) {
            r.r1 = one.read(one.get(1));
            r.r2 = two.read(two.get(2));
        }
    }

    /** Who finds a slot taken can read what took it. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "it was first itself")
    @Outcome(id = "42", expect = Expect.ACCEPTABLE, desc = "the winner has a whole record")
    @State
    public static class LoserSeesTheWinnersRecord extends StressMemory {

        @Actor
        public void actor1() {
            one.append(0, one.write(0, 42));
        }

        @Actor
        public void actor2(I_Result r) {
            long mine = two.write(1, 43);
            r.r1 = two.append(0, mine) == 1 ? 0 : two.read(two.get(1));
        }
    }

    /** A reader that sees the second message of a thread can read the first. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "nothing yet")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the first")
    @Outcome(id = "2, 1", expect = Expect.ACCEPTABLE, desc = "both")
    @State
    public static class WhatFollowsShowsWhatWasBefore extends StressMemory {

        @Actor
        public void actor1() {
            one.append(0, one.write(0, 1));
            one.append(0, one.write(1, 2));
        }

        @Actor
        public void actor2(II_Result r) {
            long second = two.get(2);
            long first = two.get(1);
            r.r1 = second == 0 ? 0 : two.read(second);
            r.r2 = first == 0 ? 0 : two.read(first);
        }
    }

    /** A publisher that answers a message publishes behind it. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "no answer, because there was no question yet")
    @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "the answer is behind the question")
    @State
    public static class AnswerComesBehindItsQuestion extends StressMemory {

        @Actor
        public void actor1() {
            one.append(0, one.write(0, 1));
        }

        @Actor
        public void actor2(II_Result r) {
            if (two.get(1) != 0) {
                r.r2 = (int) two.append(0, two.write(1, two.read(two.get(1)) + 1));
                r.r1 = one.read(two.get(1));
            }
        }
    }

    /** By the position it was given, through the other mapping. */
    @JCStressTest
    @Outcome(id = "42", expect = Expect.ACCEPTABLE, desc = "it is there")
    @State
    public static class PublisherReadsItsOwnMessage extends StressMemory {

        @Actor
        public void actor1(I_Result r) {
            long position = one.append(0, one.write(0, 42));
            r.r1 = two.read(two.get(position));
        }

        @Actor
        public void actor2() {
            two.append(0, two.write(1, 43));
        }
    }

    /** The topic of a record that is in the index can be read without its checksum. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "not published yet")
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "the topic is there")
    @Outcome(id = "-1", expect = Expect.FORBIDDEN, desc = "the record is in the index without its topic")
    @State
    public static class LookingAtATopicIsEnoughToPass extends StressMemory {

        @Actor
        public void actor1() {
            one.append(0, one.write(0, 42));
        }

        @Actor
        public void actor2(I_Result r) {
            r.r1 = two.get(1) == 0 ? 0 : two.topicHash(0) == TOPIC.hash() ? 1 : -1;
        }
    }
}
