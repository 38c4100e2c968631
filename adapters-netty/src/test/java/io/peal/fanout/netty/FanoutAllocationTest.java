package io.peal.fanout.netty;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetector.Level;
import io.peal.bus.Topic;
import io.peal.fanout.Fanout;
import io.peal.fanout.FanoutListener;
import io.peal.testkit.InMemoryBus;
import io.peal.testkit.WebSocketProbe;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;

/** A delivery makes no garbage: what a message costs does not grow with its subscribers. */
@Timeout(60)
@EnabledOnOs(OS.LINUX)
@ExtendWith(Leaks.class)
class FanoutAllocationTest {

    private static final Topic NEWS = Topic.of("news");
    private static final int WARM_UP = 4_000;
    private static final int MEASURED = 2_000;
    private static final int FEW = 10;
    private static final int MANY = 110;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void aDeliveryMakesNoGarbage() {
        Level before = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(Level.DISABLED); // it notes every buffer
        try {
            double few = bytesPerMessage(FEW);
            double many = bytesPerMessage(MANY);
            double perDelivery = (many - few) / (MANY - FEW);
            System.out.printf(
                    "%.0f bytes for a message to %d, %.0f to %d: %.2f for a delivery%n",
                    few, FEW, many, MANY, perDelivery);
            assertThat(perDelivery).as("bytes a delivery").isLessThan(8);
            assertThat(few).as("bytes a message, whoever gets it").isLessThan(2_000);
        } finally {
            ResourceLeakDetector.setLevel(before);
        }
    }

    private double bytesPerMessage(int subscribers) {
        AtomicLong deliveries = new AtomicLong();
        List<WebSocketProbe> probes = new ArrayList<>();
        try (InMemoryBus bus = InMemoryBus.create();
                Fanout fanout = Fanout.on(bus)
                        .listener(new FanoutListener() {
                            @Override
                            public void turnEnded(int messages, long delivered, long bytes, long delayUs) {
                                deliveries.addAndGet(delivered);
                            }
                        })
                        .build();
                NettyServer server = NettyServer.onEpoll(fanout, "/live", connection -> connection.subscribe(NEWS))) {
            for (int i = 0; i < subscribers; i++) {
                probes.add(WebSocketProbe.connect(server.port(), "/live"));
            }
            await(() -> fanout.connections(), subscribers);
            publish(bus, probes, deliveries, WARM_UP);
            long allocated = allocatedByLoops();
            publish(bus, probes, deliveries, MEASURED);
            return (double) (allocatedByLoops() - allocated) / MEASURED;
        } finally {
            probes.forEach(WebSocketProbe::close);
        }
    }

    /** One message at a time, so that each is a turn of its own. */
    private static void publish(InMemoryBus bus, List<WebSocketProbe> probes, AtomicLong deliveries, int count) {
        for (int i = 0; i < count; i++) {
            long expected = deliveries.get() + probes.size();
            bus.publisher().publish(NEWS, "a message of some length, the same each time");
            await(deliveries::get, expected);
            if (i % 100 == 99) {
                probes.forEach(probe -> {
                    for (int n = 0; n < 100; n++) {
                        probe.nextText();
                    }
                });
            }
        }
    }

    private long allocatedByLoops() {
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(thread -> thread != null && thread.getThreadName().startsWith("multiThreadIoEventLoopGroup"))
                .mapToLong(thread -> threads.getThreadAllocatedBytes(thread.getThreadId()))
                .sum();
    }

    private static void await(LongSupplier value, long expected) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (value.getAsLong() < expected) {
            assertThat(System.nanoTime()).as("it comes to " + expected).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }
}
