package io.peal.bus.file;

import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;
import org.openjdk.jcstress.infra.results.J_Result;

/** Step R4: whoever looks at the beginning of the log after it has read knows whether what it read was still there. */
public final class TrimStress {

    private TrimStress() {}

    /** A record is copied while its room is used again. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "the reader knows that it is trimmed")
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "the reader has the record")
    @Outcome(
            id = {"2", "-1"},
            expect = Expect.FORBIDDEN,
            desc = "the reader trusts what came after it")
    @State
    public static class CopyIsOldOrTrimmed extends StressMemory {
        public CopyIsOldOrTrimmed() {
            one.append(0, one.write(0, 1));
        }

        @Actor
        public void actor1() {
            one.control.raiseOldest(2);
            one.write(0, 2);
        }

        @Actor
        public void actor2(I_Result r) {
            long descriptor = two.get(1);
            int payload = two.read(descriptor);
            VarHandle.acquireFence();
            r.r1 = two.control.oldest() > 1 ? 0 : payload;
        }
    }

    /** The same for a reader that only looks at the topic. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "the reader knows that it is trimmed")
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "the topic is the record's")
    @State
    public static class TopicIsOldOrTrimmed extends StressMemory {
        public TopicIsOldOrTrimmed() {
            one.append(0, one.write(0, 1));
        }

        @Actor
        public void actor1() {
            one.control.raiseOldest(2);
            one.data.memory().putLong(DataLayout.topicHashAt(Side.at(0)), 4711);
        }

        @Actor
        public void actor2(I_Result r) {
            boolean same = two.topicHash(0) == TOPIC.hash();
            VarHandle.acquireFence();
            r.r1 = two.control.oldest() > 1 ? 0 : same ? 1 : -1;
        }
    }

    /** The same for who only wants to know the bucket, because it trims. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "it knows that it is trimmed, by somebody who has noted it")
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "the bucket is the record's")
    @State
    public static class BucketIsOldOrTrimmed extends StressMemory {
        public BucketIsOldOrTrimmed() {
            one.append(0, one.write(0, 1));
        }

        @Actor
        public void actor1() {
            one.control.raiseOldest(2);
            one.data.memory().putShort(DataLayout.bucketAt(Side.at(0)), (short) 4711);
        }

        @Actor
        public void actor2(I_Result r) {
            boolean same = two.bucket(0) == DataLayout.bucketOf(TOPIC.hash());
            VarHandle.acquireFence();
            r.r1 = two.control.oldest() > 1 ? 0 : same ? 1 : -1;
        }
    }

    /** Two readers while the room is used again. */
    @JCStressTest
    @Outcome(
            id = {"0, 0", "0, 1", "1, 0", "1, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "each has the record, or knows that it is trimmed")
    @State
    public static class TwoReadersOfWhatIsTrimmed extends StressMemory {
        public TwoReadersOfWhatIsTrimmed() {
            one.append(0, one.write(0, 1));
        }

        @Actor
        public void actor1() {
            one.control.raiseOldest(2);
            one.write(0, 2);
        }

        @Actor
        public void actor2(II_Result r) {
            long descriptor = two.get(1);
            int payload = two.read(descriptor);
            VarHandle.acquireFence();
            r.r1 = two.control.oldest() > 1 ? 0 : payload;
        }

        @Actor
        public void actor3(II_Result r) {
            long descriptor = one.get(1);
            int payload = one.read(descriptor);
            VarHandle.acquireFence();
            r.r2 = one.control.oldest() > 1 ? 0 : payload;
        }
    }

    /** A segment that shows another number was trimmed before. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "trimmed, and the reader knows")
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "still the old number")
    @Outcome(id = "-1", expect = Expect.FORBIDDEN, desc = "another number, and not trimmed")
    @State
    public static class HeaderOfAnotherNumberMeansTrimmed extends StressMemory {
        public HeaderOfAnotherNumberMeansTrimmed() {
            one.append(0, one.write(0, 1));
        }

        @Actor
        public void actor1() {
            one.control.raiseOldest(2);
            one.data.memory().putLong(DataLayout.SEGMENT_NUMBER_AT, 9);
        }

        @Actor
        public void actor2(I_Result r) {
            boolean old = two.data.memory().getLong(DataLayout.SEGMENT_NUMBER_AT) == 0;
            VarHandle.acquireFence();
            r.r1 = two.control.oldest() > 1 ? 0 : old ? 1 : -1;
        }
    }

    /** Two janitors trim to different positions; the reader sees one of them, or none. */
    @JCStressTest
    @Outcome(
            id = {"1", "5", "9"},
            expect = Expect.ACCEPTABLE,
            desc = "one of the beginnings")
    @State
    public static class TwoTrimmersAndAReader extends StressMemory {

        @Actor
        public void actor1() {
            one.control.raiseOldest(5);
        }

        @Actor
        public void actor2() {
            two.control.raiseOldest(9);
        }

        @Actor
        public void actor3(J_Result r) {
            r.r1 = two.control.oldest();
        }
    }

    /** A writer that finds its segment free finds the log trimmed beyond its bound. */
    @JCStressTest
    @Outcome(
            id = {"0, 0", "1, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "free only when the log begins behind the bound")
    @State
    public static class SealedBeforeTrimmedBeforeReused extends StressMemory {
        public SealedBeforeTrimmedBeforeReused() {
            one.data.seal(7);
        }

        @Actor
        public void actor1() {
            two.control.raiseOldest(8);
        }

        @Actor
        public void actor2(II_Result r) {
            long sealed = one.data.sealedAt();
            boolean free = sealed != DataLayout.OPEN && sealed < one.control.oldest();
            r.r1 = free ? 1 : 0;
            r.r2 = free && one.control.oldest() > 7 ? 1 : 0;
        }
    }
}
