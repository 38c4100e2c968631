package io.peal.bus.aeron.hosts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peal.bus.Bus;
import io.peal.bus.BusException;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.bus.aeron.AeronBus;
import io.peal.bus.aeron.AeronDriver;
import io.peal.bus.file.FileBus;
import io.peal.testkit.TestDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two or three hosts played by one: each has a bus of its own, and a port of the loopback interface. */
@Timeout(120)
class HostBridgeTest {

    private static final Topic NEWS = Topic.of("news");
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final TestDirectory scratch = new TestDirectory();
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final List<Throwable> errors = new CopyOnWriteArrayList<>();
    private final List<String> endpoints =
            IntStream.range(0, 3).mapToObj(i -> "127.0.0.1:" + freeUdpPort()).toList();

    private Bus busA;
    private Bus busB;

    @BeforeEach
    void openBuses() {
        busA = bus(0);
        busB = bus(1);
    }

    @AfterEach
    void close() throws Exception {
        for (int i = opened.size() - 1; i >= 0; i--) {
            opened.get(i).close();
        }
        scratch.close();
        assertThat(errors).isEmpty();
    }

    @Test
    void messageOfOneHostComesToTheOtherOnceAndNotBack() {
        Reader atA = reader(busA);
        Reader atB = reader(busB);
        connect(bridge(0, 1), bridge(1, 0));
        busA.publisher().publish(NEWS, "of A");
        busB.publisher().publish(NEWS, "of B");
        assertThat(texts(atA, 2)).containsExactlyInAnyOrder("of A", "of B");
        assertThat(texts(atB, 2)).containsExactlyInAnyOrder("of A", "of B");
        busA.publisher().publish(NEWS, "the end");
        assertThat(texts(atA, 1)).containsExactly("the end");
        assertThat(texts(atB, 1)).containsExactly("the end");
    }

    @Test
    void threeHostsHaveAllThatAnyOfThemPublishes() {
        Bus busC = bus(2);
        HostBridge[] bridges = {bridge(0, 1, 2), bridge(1, 0, 2), bridge(2, 0, 1)};
        connect(bridges);
        List<Reader> readers = List.of(reader(busA), reader(busB), reader(busC));
        Bus[] buses = {busA, busB, busC};
        int each = 2_000;
        for (int i = 0; i < each; i++) {
            for (int host = 0; host < buses.length; host++) {
                buses[host].publisher().publish(NEWS, host + " " + i);
            }
        }
        for (Reader reader : readers) {
            List<String> got = texts(reader, each * buses.length);
            for (int host = 0; host < buses.length; host++) {
                String prefix = host + " ";
                assertThat(got.stream().filter(text -> text.startsWith(prefix)).toList())
                        .isEqualTo(IntStream.range(0, each)
                                .mapToObj(i -> prefix + i)
                                .toList());
            }
        }
    }

    @Test
    void messagesOfEveryLengthArriveAsTheyWere() {
        connect(bridge(0, 1), bridge(1, 0));
        Reader atB = reader(busB);
        int[] lengths = {0, 1, 1_000, 1_311, 1_312, 1_313, 1_400, 70_000, busA.maxPayloadLength()};
        for (int length : lengths) {
            busA.publisher().publish(NEWS, payload(length));
        }
        List<byte[]> got = new ArrayList<>();
        await("all lengths", () -> {
            atB.poll(message -> got.add(message.bytes()), 100);
            return got.size() == lengths.length;
        });
        for (int i = 0; i < lengths.length; i++) {
            assertThat(Arrays.equals(got.get(i), payload(lengths[i])))
                    .as("length " + lengths[i])
                    .isTrue();
        }
    }

    @Test
    void whatWasPublishedWhileABridgeWasAwayComesLater() {
        Reader atA = reader(busA);
        Reader atB = reader(busB);
        HostBridge first = bridge(0, 1);
        HostBridge other = bridge(1, 0);
        connect(first, other);
        busA.publisher().publish(NEWS, "before");
        busB.publisher().publish(NEWS, "before");
        assertThat(texts(atB, 2)).hasSize(2);
        assertThat(texts(atA, 2)).hasSize(2);

        first.close();
        List<String> wanted = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            busA.publisher().publish(NEWS, "A " + i);
            wanted.add("A " + i);
        }
        busB.publisher().publish(NEWS, "B");

        HostBridge second = bridge(0, 1);
        assertThat(texts(atB, 3_001).stream().filter(text -> !text.equals("B")).toList())
                .isEqualTo(wanted);
        assertThat(texts(atA, 3_001)).contains("B").hasSize(3_001);
        busB.publisher().publish(NEWS, "after");
        assertThat(texts(atA, 1)).containsExactly("after");
        assertThat(second.status().peers().get(0).losses()).isZero();
        assertThat(other.status().peers().get(0).losses()).isZero();
    }

    @Test
    void secondBridgeOfAHostStandsBy() {
        HostBridge first = bridge(0, 1);
        await("the first is active", () -> first.status().active());
        HostBridge second = bridge(0, 1);
        HostBridge other = bridge(1, 0);
        connect(first, other);
        assertThat(second.status().active()).isFalse();
        Reader atB = reader(busB);
        busA.publisher().publish(NEWS, "once");
        assertThat(texts(atB, 1)).containsExactly("once");

        first.close();
        connect(second, other);
        busA.publisher().publish(NEWS, "through the other one");
        assertThat(texts(atB, 1)).containsExactly("through the other one");
    }

    @Test
    void busOverAeronIsBridgedAsAnyOther() {
        Path directory = scratch.path().resolve("aeron");
        Supplier<Bus> opener = () -> AeronBus.at(directory)
                .driver(AeronDriver.embedded())
                .termLength(4 << 20)
                .open();
        Bus overAeron = keep(opener.get());
        connect(bridgeOf(0, opener, 1), bridge(1, 0));
        Reader atA = reader(overAeron);
        Reader atB = reader(busB);
        for (int i = 0; i < 1_000; i++) {
            overAeron.publisher().publish(NEWS, "A " + i);
            busB.publisher().publish(NEWS, "B " + i);
        }
        for (Reader reader : List.of(atA, atB)) {
            List<String> got = texts(reader, 2_000);
            for (String host : List.of("A ", "B ")) {
                assertThat(got.stream().filter(text -> text.startsWith(host)).toList())
                        .isEqualTo(IntStream.range(0, 1_000)
                                .mapToObj(i -> host + i)
                                .toList());
            }
        }
    }

    @Test
    void whatIsNoLongerKeptIsCountedAsLost() {
        FileBus small = keep(FileBus.at(scratch.path().resolve("small"))
                .maxLength(4 << 20)
                .dataSegmentLength(1 << 20)
                .open());
        HostBridge sending =
                bridgeOf(0, () -> FileBus.at(scratch.path().resolve("small")).open(), 1);
        HostBridge receiving = bridge(1, 0);
        connect(sending, receiving);
        Reader atB = reader(busB);
        small.publisher().publish(NEWS, "first");
        assertThat(texts(atB, 1)).containsExactly("first");

        sending.close();
        byte[] payload = new byte[4_000];
        await("the first is trimmed", () -> {
            small.publisher().publish(NEWS, payload);
            return small.oldest() > 2;
        });
        small.publisher().publish(NEWS, "last");
        bridgeOf(0, () -> FileBus.at(scratch.path().resolve("small")).open(), 1);
        List<String> got = new ArrayList<>();
        await("the last one", () -> {
            atB.poll(message -> got.add(message.text()), 100);
            return got.contains("last");
        });
        await("the loss is told", () -> receiving.status().peers().get(0).losses() == 1);
    }

    @Test
    void messageThatIsTooLongForTheOtherHostIsLostAloneAndCounted() {
        Path directory = scratch.path().resolve("large");
        Supplier<Bus> opener =
                () -> FileBus.at(directory).dataSegmentLength(8 << 20).open();
        Bus large = keep(opener.get());
        HostBridge receiving = bridge(1, 0);
        connect(bridgeOf(0, opener, 1), receiving);
        Reader atB = reader(busB);
        large.publisher().publish(NEWS, new byte[busB.maxPayloadLength() + 1]);
        large.publisher().publish(NEWS, "after it");
        assertThat(texts(atB, 1)).containsExactly("after it");
        await("the loss is told", () -> receiving.status().peers().get(0).losses() == 1);
    }

    @Test
    void strangersAndGarbageChangeNothing() throws IOException {
        connect(bridge(0, 1), bridge(1, 0));
        Reader atB = reader(busB);
        InetSocketAddress target = new InetSocketAddress(
                InetAddress.getLoopbackAddress(),
                Integer.parseInt(endpoints.get(1).split(":", 2)[1]));
        try (DatagramSocket socket = new DatagramSocket()) {
            SplittableRandom random = new SplittableRandom(5);
            for (int i = 0; i < 2_000; i++) {
                byte[] garbage = new byte[random.nextInt(1, 200)];
                random.nextBytes(garbage);
                socket.send(new DatagramPacket(garbage, garbage.length, target));
            }
        }
        bridge(2, 1); // whom nobody has named
        busA.publisher().publish(NEWS, "as ever");
        assertThat(texts(atB, 1)).containsExactly("as ever");
        assertThat(errors).isEmpty();
    }

    @Test
    void bridgeGoesOnAfterAnError() {
        AtomicInteger openings = new AtomicInteger();
        Supplier<Bus> opener = () -> {
            if (openings.getAndIncrement() == 0) {
                throw new LinkageError("that passes");
            }
            return FileBus.open(busDirectory(0));
        };
        connect(bridgeOf(0, opener, 1), bridge(1, 0));
        assertThat(errors).singleElement().satisfies(error -> assertThat(error)
                .hasMessageContaining("begins anew: that passes")
                .hasCauseInstanceOf(LinkageError.class));
        errors.clear();
    }

    @Test
    void bridgeThatIsClosedByItsErrorHandlerLetsAnotherOneGoOn() {
        CompletableFuture<HostBridge> failing = new CompletableFuture<>();
        CountDownLatch closed = new CountDownLatch(1);
        failing.complete(keep(HostBridge.at(bridgeDirectory(0))
                .bus(() -> {
                    throw new IllegalStateException("no bus here");
                })
                .endpoint(endpoints.get(0))
                .peer(endpoints.get(1))
                .errorHandler(error -> {
                    failing.join().close();
                    closed.countDown();
                })
                .open()));
        await("it is closed", () -> closed.getCount() == 0);
        connect(bridge(0, 1), bridge(1, 0));
    }

    @Test
    void directoryThatOthersMayHavePreparedIsRefused() throws IOException {
        Path open = Files.createDirectory(scratch.path().resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path link = Files.createSymbolicLink(scratch.path().resolve("link"), busDirectory(0));
        for (Path path : List.of(open, link)) {
            HostBridge.Builder options = HostBridge.at(path)
                    .bus(() -> busA)
                    .endpoint(endpoints.get(0))
                    .peer(endpoints.get(1));
            assertThatExceptionOfType(BusException.class)
                    .isThrownBy(options::open)
                    .withMessageContaining(path.toString());
        }
    }

    @Test
    void whatIsMissingIsSaid() {
        HostBridge.Builder options = HostBridge.at(scratch.path().resolve("x"));
        assertThatIllegalArgumentException().isThrownBy(options::open);
        for (String endpoint : new String[] {"", "host", ":1", "host:", "a|b:1", "a:1?x", "ä:1"}) {
            assertThatIllegalArgumentException().isThrownBy(() -> options.peer(endpoint));
        }
        options.bus(() -> busA).endpoint("127.0.0.1:1").peer("127.0.0.1:1");
        assertThatIllegalArgumentException().isThrownBy(options::open).withMessageContaining("its own peer");
    }

    private Bus bus(int host) {
        return keep(FileBus.at(busDirectory(host)).open());
    }

    private Path busDirectory(int host) {
        return scratch.path().resolve("bus-" + host);
    }

    private Path bridgeDirectory(int host) {
        return scratch.path().resolve("bridge-" + host);
    }

    private HostBridge bridge(int host, int... peers) {
        return bridgeOf(
                host, () -> FileBus.at(busDirectory(host)).replicaName("bridge").open(), peers);
    }

    private HostBridge bridgeOf(int host, Supplier<Bus> opener, int... peers) {
        HostBridge.Builder options = HostBridge.at(bridgeDirectory(host))
                .bus(opener)
                .endpoint(endpoints.get(host))
                .errorHandler(errors::add);
        for (int peer : peers) {
            options.peer(endpoints.get(peer));
        }
        return keep(options.open());
    }

    private <T extends AutoCloseable> T keep(T resource) {
        opened.add(resource);
        return resource;
    }

    private Reader reader(Bus bus) {
        return keep(bus.newReader(StartFrom.latest()));
    }

    /** Until each has heard all others; what is published before that need not arrive. */
    private static void connect(HostBridge... bridges) {
        for (HostBridge bridge : bridges) {
            await(
                    "everybody is heard",
                    () -> bridge.status().active()
                            && bridge.status().peers().stream().allMatch(HostBridgeStatus.Peer::connected));
        }
    }

    private static List<String> texts(Reader reader, int count) {
        List<String> texts = new ArrayList<>();
        await(count + " messages", () -> {
            reader.poll(message -> texts.add(message.text()), 100);
            return texts.size() >= count;
        });
        return texts;
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited for: " + what).isLessThan(deadline);
            LockSupport.parkNanos(100_000);
        }
    }

    private static byte[] payload(int length) {
        byte[] payload = new byte[length];
        for (int i = 0; i < length; i++) {
            payload[i] = (byte) (i * 31 + length);
        }
        return payload;
    }

    private static int freeUdpPort() {
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (SocketException e) {
            throw new UncheckedIOException(e);
        }
    }
}
