package io.peal.bus.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import io.aeron.Aeron;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.logbuffer.BufferClaim;
import io.aeron.logbuffer.FrameDescriptor;
import io.peal.bus.Batch;
import io.peal.bus.PayloadKind;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.testkit.Recording;
import io.peal.testkit.TestDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Messages of a batch are claimed together: they are there together or not at all, and Aeron sees nothing unusual. */
@Timeout(120)
class SharedClaimTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Topic NEWS = Topic.of("news");
    private static final StreamOptions STREAM = new StreamOptions(4711, 1 << 20);
    private static final int CLAIM = 8 * 1024;

    private final TestDirectory scratch = new TestDirectory();
    private final BufferClaim claim = new BufferClaim();
    private final List<Throwable> errors = new ArrayList<>();
    private MediaDriver driver;
    private AeronBus bus;
    private Aeron aeron;
    private Publication publication;
    private StreamMemory memory;

    @BeforeEach
    void open() throws IOException {
        Path directory = scratch.path().resolve("aeron");
        driver = MediaDriver.launch(DriverMain.context(directory)
                .dirDeleteOnStart(true)
                .publicationUnblockTimeoutNs(LIMIT.multipliedBy(2).toNanos()));
        bus = AeronBus.at(scratch.path().resolve("bus"))
                .driver(AeronDriver.external(directory))
                .streamId(STREAM.streamId())
                .termLength(STREAM.termLength())
                .errorHandler(errors::add)
                .open();
        aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(directory.toString()));
        publication = aeron.addPublication(STREAM.publication(), STREAM.streamId());
        Life life = Objects.requireNonNull(Life.read(scratch.path().resolve("bus/life")));
        memory = StreamMemory.of(StreamMemory.file(directory, publication.originalRegistrationId()), life.secret());
    }

    @AfterEach
    void close() {
        aeron.close();
        bus.close();
        driver.close();
        scratch.close();
        assertThat(errors).isEmpty();
    }

    @Test
    void aeronSeesAFrameForEachMessage() {
        Batch batch = new Batch();
        for (int i = 0; i < 500; i++) {
            batch.add(NEWS, "x".repeat(i));
        }
        List<Integer> lengths = new ArrayList<>();
        List<Long> firsts = new ArrayList<>();
        List<Long> ends = new ArrayList<>();
        try (Subscription subscription = aeron.addSubscription("aeron:ipc", STREAM.streamId())) {
            while (subscription.imageCount() == 0) {
                Thread.onSpinWait();
            }
            bus.publisher().publish(batch);
            while (ends.size() < batch.size()) {
                subscription.poll(
                        (buffer, offset, length, header) -> {
                            long begin = StreamMemory.begin(header.position(), header.frameLength());
                            assertThat(header.sessionId()).isEqualTo(publication.sessionId());
                            assertThat(header.streamId()).isEqualTo(STREAM.streamId());
                            assertThat(header.flags()).isEqualTo(FrameDescriptor.UNFRAGMENTED);
                            lengths.add(length);
                            ends.add(header.position());
                            if (header.reservedValue() == memory.key(begin)) {
                                firsts.add(begin);
                            } else {
                                assertThat(header.reservedValue()).isEqualTo(memory.key(begin) ^ Long.MIN_VALUE);
                            }
                        },
                        10);
            }
        }
        for (int i = 0; i < 500; i++) {
            assertThat(lengths.get(i)).isEqualTo(Envelope.length(NEWS, i));
        }
        for (int i = 1; i < firsts.size(); i++) {
            assertThat(firsts.get(i) - firsts.get(i - 1))
                    .as("what is claimed at once")
                    .isLessThanOrEqualTo(CLAIM);
        }
        assertThat(firsts).hasSizeLessThan((int) (2 * ends.get(499) / CLAIM));
    }

    @Test
    void nothingOfAClaimIsReadBeforeItsFirstMessageIsComplete() {
        try (Reader before = bus.newReader(StartFrom.latest())) {
            long begin = begin("one", "two", "three");
            Recording early = new Recording();
            assertThat(before.poll(early, 10)).isZero();
            try (Reader within = bus.newReader(StartFrom.earliest())) {
                assertThat(within.poll(early, 10)).isZero();
                assertThat(early.texts()).isEmpty();
                assertThat(complete(begin, "one")).isTrue();
                assertThat(new Recording().poll(within, 3, LIMIT).texts()).containsExactly("one", "two", "three");
            }
            assertThat(early.poll(before, 3, LIMIT).texts()).containsExactly("one", "two", "three");
        }
    }

    @Test
    void ofAClaimThatTheDriverHasDiscardedNothingIsEverRead() {
        try (Reader before = bus.newReader(StartFrom.latest())) {
            long begin = begin("one", "two", "three");
            memory.unblock(begin);
            assertThat(complete(begin, "one")).isFalse();
            bus.publisher().publish(NEWS, "later");
            assertThat(new Recording().poll(before, 1, LIMIT).texts()).containsExactly("later");
            try (Reader behind = bus.newReader(StartFrom.earliest())) {
                assertThat(new Recording().poll(behind, 1, LIMIT).texts()).containsExactly("later");
            }
        }
    }

    /** What a publisher does with a batch, up to the last step; the place where it begins. */
    private long begin(String... texts) {
        int length = 0;
        for (String text : texts) {
            length = (int) StreamMemory.end(0, length) + frameLength(text);
        }
        long end = publication.tryClaim(length - StreamMemory.HEADER, claim);
        assertThat(end).isPositive();
        long begin = StreamMemory.begin(end, length);
        claim.reservedValue(memory.key(begin));
        int at = 0;
        for (String text : texts) {
            Envelope.write(
                    claim.buffer(),
                    at + StreamMemory.HEADER,
                    frameLength(text) - StreamMemory.HEADER,
                    1,
                    1,
                    NEWS,
                    ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)),
                    PayloadKind.TEXT);
            if (at > 0) {
                memory.divide(claim.buffer(), at, frameLength(text), begin);
            }
            at = (int) StreamMemory.end(at, frameLength(text));
        }
        return begin;
    }

    private boolean complete(long begin, String first) {
        return memory.completeFirst(begin, claim.buffer().capacity(), frameLength(first));
    }

    private static int frameLength(String text) {
        return StreamMemory.HEADER + Envelope.length(NEWS, text.length());
    }
}
