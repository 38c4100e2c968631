package io.peal.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.peal.bus.Batch;
import io.peal.bus.Bus;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.PositionUnavailableException.Reason;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscription;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.bus.WakeUp;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every bus keeps, as tests that carry the numbers of the promises. Extend it, supply {@link #newBus()}, inherit
 * them all.
 *
 * <p>Not checked here: what a dying process could break (G4, G5), idle cost (G10), ownership (G12): those need a bus
 * with processes and files, and have tests of their own.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class BusContract {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final long QUIET_MS = 300; // longer than a sleeper goes without looking by itself
    private static final Topic NEWS = Topic.of("news");
    private static final Topic OTHER = Topic.of("other");

    private SharedBus shared;
    private final List<Bus> replicas = new ArrayList<>();

    /** For subclasses. */
    protected BusContract() {}

    /** A fresh, empty log. */
    protected abstract SharedBus newBus() throws Exception;

    @BeforeEach
    void openBus() throws Exception {
        shared = newBus();
    }

    @AfterEach
    void closeBus() {
        replicas.forEach(Bus::close);
        shared.close();
    }

    /** A replica that is closed when the test ends. */
    protected final Bus newReplica() {
        Bus replica = shared.newReplica();
        replicas.add(replica);
        return replica;
    }

    @Test
    void g1_allReplicasReadTheSameOrder() throws Exception {
        List<Bus> all = List.of(newReplica(), newReplica(), newReplica());
        inParallel(6, thread -> publishNumbers(all.get(thread % 3), thread, 200));
        List<Recording.Delivered> first = readAll(all.get(0), 1_200);
        assertThat(first).extracting(Recording.Delivered::position).isSorted().doesNotHaveDuplicates();
        assertThat(readAll(all.get(1), 1_200)).isEqualTo(first);
        assertThat(readAll(newReplica(), 1_200)).isEqualTo(first);
    }

    @Test
    void g1_subscribersOfAllReplicasSeeTheSameOrderWhileItGrows() throws Exception {
        List<Bus> all = List.of(newReplica(), newReplica(), newReplica());
        List<Recording> recordings =
                all.stream().map(bus -> subscribed(bus, NEWS)).toList();
        inParallel(3, thread -> publishNumbers(all.get(thread), thread, 300));
        List<Recording.Delivered> first = recordings.get(0).await(900, LIMIT).messages();
        assertThat(recordings.get(1).await(900, LIMIT).messages()).isEqualTo(first);
        assertThat(recordings.get(2).await(900, LIMIT).messages()).isEqualTo(first);
    }

    @Test
    void g1_publisherSeesItsOwnMessagesInTheSameOrder() {
        Bus a = newReplica();
        Bus b = newReplica();
        Recording own = subscribed(a, NEWS);
        for (int i = 0; i < 50; i++) {
            a.publisher().publish(NEWS, "a" + i);
            b.publisher().publish(NEWS, "b" + i);
        }
        assertThat(own.await(100, LIMIT).messages()).isEqualTo(readAll(b, 100));
    }

    @Test
    void g2_messagesOfOneThreadKeepTheirOrder() throws Exception {
        List<Bus> all = List.of(newReplica(), newReplica());
        inParallel(4, thread -> publishNumbers(all.get(thread % 2), thread, 250));
        List<String> texts = readAll(all.get(0), 1_000).stream()
                .map(Recording.Delivered::text)
                .toList();
        for (int thread = 0; thread < 4; thread++) {
            String prefix = thread + ":";
            assertThat(texts.stream().filter(text -> text.startsWith(prefix)))
                    .containsExactlyElementsOf(
                            IntStream.range(0, 250).mapToObj(n -> prefix + n).toList());
        }
    }

    @Test
    void g2_publishReturnsThePositionAtWhichTheMessageIsRead() {
        Bus bus = newReplica();
        List<Long> returned = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            returned.add(bus.publisher().publish(NEWS, "n" + i));
        }
        assertThat(returned).isSorted().doesNotHaveDuplicates().allMatch(position -> position > 0);
        assertThat(readAll(newReplica(), 100))
                .extracting(Recording.Delivered::position)
                .isEqualTo(returned);
    }

    @Test
    void g2_batchIsPublishedInItsOrder() throws Exception {
        List<Bus> all = List.of(newReplica(), newReplica());
        inParallel(4, thread -> {
            Bus bus = all.get(thread % 2);
            Batch batch = new Batch();
            for (int round = 0; round < 20; round++) {
                batch.clear();
                for (int i = 0; i < 1 + round; i++) {
                    batch.add(NEWS, thread + ":" + round + ":" + i);
                }
                bus.publisher().publish(batch);
            }
        });
        List<String> texts = readAll(newReplica(), 4 * 210).stream()
                .map(Recording.Delivered::text)
                .toList();
        for (int thread = 0; thread < 4; thread++) {
            String prefix = thread + ":";
            List<String> expected = IntStream.range(0, 20)
                    .boxed()
                    .flatMap(round -> IntStream.rangeClosed(0, round).mapToObj(i -> prefix + round + ":" + i))
                    .toList();
            assertThat(texts.stream().filter(text -> text.startsWith(prefix))).containsExactlyElementsOf(expected);
        }
    }

    @Test
    void g2_readingGoesOnInTheMiddleOfABatch() {
        Bus bus = newReplica();
        Batch batch = new Batch();
        for (int i = 0; i < 100; i++) {
            batch.add(NEWS, String.valueOf(i));
        }
        long last = bus.publisher().publish(batch);
        List<Recording.Delivered> all = readAll(newReplica(), 100);
        assertThat(all.get(99).position()).isEqualTo(last);
        for (int i = 0; i < 100; i++) {
            Position position = new Position(bus.position().epoch(), all.get(i).position());
            Recording rest = new Recording();
            try (Reader reader = bus.newReader(StartFrom.after(position))) {
                rest.poll(reader, 99 - i, LIMIT);
            }
            assertThat(rest.texts())
                    .as("behind message " + i)
                    .containsExactlyElementsOf(all.subList(i + 1, 100).stream()
                            .map(Recording.Delivered::text)
                            .toList());
        }
    }

    @Test
    void g2_batchMayBeAsLongAsItLikes() {
        Bus bus = newReplica();
        byte[] large = new byte[bus.maxPayloadLength() / 2];
        Batch batch = new Batch();
        for (int i = 0; i < 10; i++) {
            batch.add(NEWS, large).add(OTHER, "small " + i);
        }
        long last = bus.publisher().publish(batch);
        List<Recording.Delivered> delivered = readAll(newReplica(), 20);
        assertThat(delivered.get(19).position()).isEqualTo(last);
        assertThat(delivered.get(18).text()).hasSize(large.length);
        assertThat(delivered.get(19).text()).isEqualTo("small 9");
        assertThat(delivered)
                .filteredOn(each -> each.topic().equals(OTHER.name()))
                .hasSize(10);
    }

    @Test
    void g2_emptyBatchIsRefused() {
        Bus bus = newReplica();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> bus.publisher().publish(new Batch()))
                .withMessageContaining("empty");
    }

    @Test
    void g3_payloadsOfEveryLengthArriveWhole() {
        Bus publisher = newReplica();
        int max = publisher.maxPayloadLength();
        List<byte[]> payloads = IntStream.of(0, 1, 7, 8, 23, 24, 63, 64, 65, 127, 128, 4_000, 4_096, max - 1, max)
                .mapToObj(length -> randomBytes(length, length))
                .toList();
        payloads.forEach(payload -> publisher.publisher().publish(NEWS, payload));
        List<byte[]> received = new ArrayList<>();
        try (Reader reader = newReplica().newReader(StartFrom.earliest())) {
            pollUntil(reader, message -> received.add(message.bytes()), payloads.size());
        }
        for (int i = 0; i < payloads.size(); i++) {
            assertThat(received.get(i)).isEqualTo(payloads.get(i));
        }
    }

    @Test
    void g3_everythingAboutAMessageArrives() {
        Bus publisher = newReplica();
        long before = System.currentTimeMillis() * 1_000;
        publisher.publisher().publish(NEWS, "Gr\u00fc\u00dfe \ud83d\udd14");
        publisher.publisher().publish(OTHER, new byte[] {1, -1});
        List<String> received = new ArrayList<>();
        try (Reader reader = newReplica().newReader(StartFrom.earliest())) {
            pollUntil(
                    reader,
                    message -> {
                        assertThat(message.replica()).isEqualTo(publisher.replica());
                        assertThat(message.timestampUs())
                                .isBetween(before, System.currentTimeMillis() * 1_000 + 1_000_000);
                        assertThat(message.payloadLength()).isEqualTo(message.bytes().length);
                        received.add(message.topic() + " " + message.kind());
                        if (message.kind() == PayloadKind.TEXT) {
                            received.add(message.text());
                        }
                    },
                    2);
        }
        assertThat(received).containsExactly("news TEXT", "Gr\u00fc\u00dfe \ud83d\udd14", "other BINARY");
    }

    @Test
    void g3_payloadIsReadOnlyAndThePublishersBufferStaysAsItWas() {
        Bus bus = newReplica();
        ByteBuffer buffer = ByteBuffer.wrap("[hello]".getBytes(StandardCharsets.UTF_8), 1, 5);
        bus.publisher().publish(NEWS, buffer, PayloadKind.TEXT);
        assertThat(buffer.position()).isEqualTo(1);
        assertThat(buffer.remaining()).isEqualTo(5);
        try (Reader reader = bus.newReader(StartFrom.earliest())) {
            pollUntil(
                    reader,
                    message -> {
                        assertThat(message.payload().isReadOnly()).isTrue();
                        assertThat(message.payload().remaining()).isEqualTo(5);
                        assertThat(message.text()).isEqualTo("hello");
                    },
                    1);
        }
    }

    @Test
    void g3_tooLongAPayloadIsRefusedAndNothingIsPublished() {
        Bus bus = newReplica();
        byte[] tooLong = new byte[bus.maxPayloadLength() + 1];
        assertThatIllegalArgumentException()
                .isThrownBy(() -> bus.publisher().publish(NEWS, tooLong))
                .withMessageContaining(Integer.toString(tooLong.length))
                .withMessageContaining(Integer.toString(bus.maxPayloadLength()));
        bus.publisher().publish(NEWS, "after");
        assertThat(readAll(newReplica(), 1))
                .extracting(Recording.Delivered::text)
                .containsExactly("after");
    }

    @Test
    void g6_everyMessageOfATopicIsDeliveredAndNoOther() {
        Bus bus = newReplica();
        for (int i = 0; i < 600; i++) {
            bus.publisher().publish(i % 3 == 0 ? NEWS : OTHER, "n" + i);
        }
        try (Reader reader = newReplica().newReader(StartFrom.earliest(), TopicSet.of(NEWS))) {
            List<String> texts = new Recording().poll(reader, 200, LIMIT).texts();
            assertThat(texts)
                    .containsExactlyElementsOf(
                            IntStream.range(0, 200).mapToObj(n -> "n" + 3 * n).toList());
            assertThat(reader.position()).isEqualTo(bus.position().value());
        }
    }

    @Test
    void g6_topicsMayChangeBetweenPolls() {
        Bus bus = newReplica();
        TopicSet topics = new TopicSet();
        Recording recording = new Recording();
        try (Reader reader = bus.newReader(StartFrom.earliest(), topics)) {
            bus.publisher().publish(NEWS, "unheard");
            drain(reader, recording);
            topics.add(NEWS);
            bus.publisher().publish(NEWS, "heard");
            bus.publisher().publish(OTHER, "unheard");
            drain(reader, recording);
            topics.add(OTHER);
            topics.remove(NEWS);
            bus.publisher().publish(NEWS, "unheard");
            bus.publisher().publish(OTHER, "heard, too");
            drain(reader, recording);
        }
        assertThat(recording.texts()).containsExactly("heard", "heard, too");
    }

    @Test
    void g6_pollPassesAtMostItsLimitAndSaysWhenNothingIsLeft() {
        Bus bus = newReplica();
        publishNumbers(bus, 0, 10);
        Recording recording = new Recording();
        try (Reader reader = bus.newReader(StartFrom.earliest())) {
            assertThat(reader.poll(recording, 4)).isEqualTo(4);
            assertThat(reader.position()).isEqualTo(recording.positions().get(3));
            assertThat(reader.poll(recording, 100)).isEqualTo(6);
            assertThat(reader.poll(recording, 100)).isZero();
        }
        assertThat(recording.messages()).hasSize(10);
    }

    @Test
    void g6_pollDoesNotPassThePositionItIsGiven() {
        Bus bus = newReplica();
        publishNumbers(bus, 0, 10);
        Recording recording = new Recording();
        try (Reader reader = bus.newReader(StartFrom.earliest())) {
            reader.poll(recording, 4);
            long last = reader.position();
            assertThat(reader.poll(recording, 100, last)).isZero();
            assertThat(reader.poll(recording, 100, bus.position().value())).isEqualTo(6);
            assertThat(reader.poll(recording, 100, bus.position().value())).isZero();
        }
        assertThat(recording.messages()).hasSize(10);
    }

    @Test
    void g6_nothingPublishedAfterSubscribeReturnedIsMissed() {
        Bus reading = newReplica();
        Bus writing = newReplica();
        for (int round = 0; round < 20; round++) {
            Topic topic = Topic.of("round/" + round);
            Recording recording = subscribed(reading, topic);
            writing.publisher().publish(topic, "at once");
            assertThat(recording.await(1, LIMIT).texts()).containsExactly("at once");
        }
    }

    @Test
    void g6_whoStoodAtTheEndIsWoken() throws Exception {
        Bus reading = newReplica();
        Bus writing = newReplica();
        for (int round = 0; round < 5; round++) {
            CountDownLatch woken = new CountDownLatch(1);
            try (WakeUp wakeUp = reading.newWakeUp(woken::countDown)) {
                assertThat(wakeUp.arm(reading.position().value())).isTrue();
                writing.publisher().publish(NEWS, "wake up");
                assertThat(woken.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            }
        }
    }

    @Test
    void g6_whoIsNotAtTheEndIsNotArmed() throws Exception {
        Bus reading = newReplica();
        Bus writing = newReplica();
        AtomicInteger calls = new AtomicInteger();
        try (WakeUp wakeUp = reading.newWakeUp(calls::incrementAndGet)) {
            long before = reading.position().value();
            writing.publisher().publish(NEWS, "already there");
            assertThat(wakeUp.arm(before)).isFalse();
            writing.publisher().publish(NEWS, "and more");
            Thread.sleep(QUIET_MS);
            assertThat(calls).hasValue(0);
        }
    }

    @Test
    void g6_aWakeUpGoesOffOnceEachTimeItIsArmed() throws Exception {
        Bus reading = newReplica();
        Bus writing = newReplica();
        Semaphore woken = new Semaphore(0);
        try (WakeUp wakeUp = reading.newWakeUp(woken::release)) {
            for (int round = 0; round < 100; round++) {
                assertThat(wakeUp.arm(reading.position().value())).isTrue();
                writing.publisher().publish(NEWS, "a");
                writing.publisher().publish(NEWS, "b");
                assertThat(woken.tryAcquire(LIMIT.toSeconds(), TimeUnit.SECONDS))
                        .isTrue();
            }
            Thread.sleep(QUIET_MS);
            assertThat(woken.availablePermits()).isZero();
        }
    }

    @Test
    void g6_aSubscriberThatThrowsLosesNothing() {
        Bus bus = newReplica();
        Recording recording = new Recording();
        bus.subscribe(NEWS, message -> {
            recording.onMessage(message);
            throw new IllegalStateException("thrown by a test's subscriber");
        });
        publishNumbers(bus, 0, 5);
        assertThat(recording.await(5, LIMIT).texts()).containsExactly("0:0", "0:1", "0:2", "0:3", "0:4");
    }

    @Test
    void g6_anErrorInOneSubscriberEndsNoOther() {
        Bus bus = newReplica();
        bus.subscribe(NEWS, message -> {
            throw new AssertionError("an error of a test's subscriber");
        });
        Recording other = subscribed(bus, NEWS);
        publishNumbers(bus, 0, 5);
        assertThat(other.await(5, LIMIT).texts()).containsExactly("0:0", "0:1", "0:2", "0:3", "0:4");
    }

    @Test
    void g6_aReaderWhoseSubscriberThrowsGoesOnBehindTheMessage() {
        Bus bus = newReplica();
        publishNumbers(bus, 0, 3);
        Recording recording = new Recording();
        try (Reader reader = bus.newReader(StartFrom.earliest())) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> reader.poll(
                            message -> {
                                throw new IllegalStateException("thrown by a test's subscriber");
                            },
                            10));
            drain(reader, recording);
        }
        assertThat(recording.texts()).containsExactly("0:1", "0:2");
    }

    @Test
    void g6_aClosedSubscriptionHearsNothingMore() {
        Bus bus = newReplica();
        Recording ended = new Recording();
        Recording going = subscribed(bus, NEWS);
        Subscription subscription = bus.subscribe(NEWS, ended);
        bus.publisher().publish(NEWS, "before");
        ended.await(1, LIMIT);
        subscription.close();
        subscription.close();
        bus.publisher().publish(NEWS, "after");
        going.await(2, LIMIT);
        assertThat(ended.texts()).containsExactly("before");
    }

    @Test
    void g8_readingResumesOnAnyReplicaBehindAnyPosition() {
        Bus writing = newReplica();
        publishNumbers(writing, 0, 60);
        List<Recording.Delivered> all = readAll(writing, 60);
        long epoch = writing.position().epoch();
        Bus another = newReplica();
        for (int i = 0; i < all.size(); i++) {
            StartFrom after = StartFrom.after(new Position(epoch, all.get(i).position()));
            try (Reader reader = another.newReader(after)) {
                Recording rest = new Recording();
                drain(reader, rest);
                assertThat(rest.messages()).isEqualTo(all.subList(i + 1, all.size()));
            }
        }
    }

    @Test
    void g8_subscriptionJoinsReplayAndLiveWithoutGapOrDuplicate() throws Exception {
        Bus writing = newReplica();
        Bus reading = newReplica();
        publishNumbers(writing, 0, 100);
        Position start = writing.position();
        List<Recording> recordings = new ArrayList<>();
        inParallel(2, thread -> {
            if (thread == 0) {
                publishNumbers(writing, 1, 1_000);
            } else {
                for (int i = 0; i < 10; i++) {
                    Recording recording = new Recording();
                    reading.subscribe(NEWS, StartFrom.after(start), recording);
                    recordings.add(recording);
                }
            }
        });
        List<String> expected =
                IntStream.range(0, 1_000).mapToObj(n -> "1:" + n).toList();
        for (Recording recording : recordings) {
            assertThat(recording.await(1_000, LIMIT).texts()).isEqualTo(expected);
        }
    }

    @Test
    void g8_everyReplicaNamesTheSameEpochAndPosition() {
        Bus writing = newReplica();
        assertThat(writing.position().value()).isZero();
        long position = writing.publisher().publish(NEWS, "one");
        assertThat(newReplica().position()).isEqualTo(writing.position());
        assertThat(writing.position().value()).isEqualTo(position);
    }

    @Test
    void g8_latestHearsOnlyWhatComes() {
        Bus bus = newReplica();
        bus.publisher().publish(NEWS, "past");
        try (Reader reader = newReplica().newReader(StartFrom.latest())) {
            bus.publisher().publish(NEWS, "to come");
            assertThat(new Recording().poll(reader, 1, LIMIT).texts()).containsExactly("to come");
        }
    }

    @Test
    void g8_refusesAPositionOfAnotherEpoch() throws Exception {
        Bus bus = newReplica();
        bus.publisher().publish(NEWS, "here");
        try (SharedBus otherLife = newBus();
                Bus other = otherLife.newReplica()) {
            other.publisher().publish(NEWS, "there");
            assertRefused(bus, other.position(), Reason.OTHER_EPOCH);
        }
    }

    @Test
    void g8_refusesAPositionThatWasNeverWritten() {
        Bus bus = newReplica();
        bus.publisher().publish(NEWS, "here");
        Position end = bus.position();
        assertRefused(bus, new Position(end.epoch(), end.value() + 1), Reason.NOT_YET_WRITTEN);
        assertRefused(bus, new Position(end.epoch(), Long.MAX_VALUE), Reason.NOT_YET_WRITTEN);
    }

    @Test
    void replicasOfOneBusHaveDifferentNumbers() {
        assertThat(List.of(
                        newReplica().replica(),
                        newReplica().replica(),
                        newReplica().replica()))
                .doesNotHaveDuplicates()
                .allMatch(number -> number > 0);
    }

    @Test
    void closingOneReplicaLeavesTheOthersAndTheLog() {
        Bus leaving = newReplica();
        Bus staying = newReplica();
        leaving.publisher().publish(NEWS, "from one that left");
        leaving.close();
        leaving.close();
        staying.publisher().publish(NEWS, "from one that stayed");
        assertThat(readAll(newReplica(), 2))
                .extracting(Recording.Delivered::text)
                .containsExactly("from one that left", "from one that stayed");
    }

    @Test
    void aClosedBusRefusesEverything() {
        Bus bus = newReplica();
        Reader reader = bus.newReader(StartFrom.latest());
        bus.close();
        assertThatIllegalStateException().isThrownBy(() -> bus.publisher().publish(NEWS, "too late"));
        assertThatIllegalStateException().isThrownBy(() -> bus.subscribe(NEWS, message -> {}));
        assertThatIllegalStateException().isThrownBy(() -> bus.newReader(StartFrom.latest()));
        assertThatIllegalStateException().isThrownBy(() -> bus.newWakeUp(() -> {}));
        assertThatIllegalStateException().isThrownBy(() -> reader.poll(message -> {}, 1));
    }

    @Test
    void aBusThatIsOfNoUseAnyMoreSaysWhyOnce() throws InterruptedException {
        Bus bus = newReplica();
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        Subscription early = bus.whenUnusable(told::add);
        bus.whenUnusable(why -> told.add("told who wanted to be told no more")).close();
        assertThat(bus.whyUnusable()).isEmpty();
        bus.close();
        String why = told.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        assertThat(why).contains("closed");
        assertThat(bus.whyUnusable()).hasValue(why);
        bus.close();
        bus.whenUnusable(late -> told.add("late: " + late));
        assertThat(told.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS)).isEqualTo("late: " + why);
        assertThat(told).isEmpty();
        early.close();
    }

    @Test
    void aClosedReaderRefusesToBePolledAndALimitMustBePositive() {
        Bus bus = newReplica();
        try (Reader reader = bus.newReader(StartFrom.latest())) {
            assertThatIllegalArgumentException().isThrownBy(() -> reader.poll(message -> {}, 0));
            reader.close();
            assertThatIllegalStateException().isThrownBy(() -> reader.poll(message -> {}, 1));
        }
    }

    private static void publishNumbers(Bus bus, int thread, int count) {
        for (int i = 0; i < count; i++) {
            bus.publisher().publish(NEWS, thread + ":" + i);
        }
    }

    private static Recording subscribed(Bus bus, Topic topic) {
        Recording recording = new Recording();
        bus.subscribe(topic, recording);
        return recording;
    }

    private static List<Recording.Delivered> readAll(Bus bus, int count) {
        try (Reader reader = bus.newReader(StartFrom.earliest())) {
            Recording recording = new Recording().poll(reader, count, LIMIT);
            drain(reader, recording);
            assertThat(recording.messages()).hasSize(count);
            assertThat(recording.gaps()).isEmpty();
            return recording.messages();
        }
    }

    private static void drain(Reader reader, Recording recording) {
        int passed = 1;
        while (passed > 0) {
            passed = reader.poll(recording, 100);
        }
    }

    private static void pollUntil(Reader reader, Consumer<Message> consumer, int count) {
        AtomicLong received = new AtomicLong();
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (received.get() < count) {
            reader.poll(
                    message -> {
                        received.incrementAndGet();
                        consumer.accept(message);
                    },
                    100);
            assertThat(System.nanoTime())
                    .as("time to receive %d messages", count)
                    .isLessThan(deadline);
        }
    }

    private static void assertRefused(Bus bus, Position position, Reason reason) {
        assertThatExceptionOfType(PositionUnavailableException.class)
                .isThrownBy(() -> bus.newReader(StartFrom.after(position)))
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(reason))
                .withMessageContaining(position.toString());
        assertThatExceptionOfType(PositionUnavailableException.class)
                .isThrownBy(() -> bus.subscribe(NEWS, StartFrom.after(position), message -> {}))
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }

    private static byte[] randomBytes(int length, int seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** What one of several threads does. */
    @FunctionalInterface
    private interface Work {
        void run(int thread) throws Exception;
    }

    private static void inParallel(int threads, Work work) throws Exception {
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        List<Thread> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            int thread = i;
            all.add(new Thread(() -> {
                try {
                    work.run(thread);
                } catch (Throwable failure) {
                    failures.add(failure);
                }
            }));
        }
        all.forEach(Thread::start);
        for (Thread thread : all) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }
}
