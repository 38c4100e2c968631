package io.peal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.peal.fanout.FanoutListener;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** That a delivery makes no garbage, whatever the adapter: what its event loops allocate, with few clients and with many. */
public abstract class FanoutAllocationContract extends FanoutBed {

    private static final int WARM_UP = 4_000;
    private static final int MEASURED = 2_000;
    private static final int FEW = 10;
    private static final int MANY = 110;
    private static final int READ_TOGETHER = 100;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final AtomicLong deliveries = new AtomicLong();

    /** Whether a thread is an event loop of the server. */
    protected abstract boolean isLoop(String threadName);

    @Test
    final void deliveryMakesNoGarbage() {
        double few = bytesPerMessage(FEW);
        stopEverything();
        newBus();
        double many = bytesPerMessage(MANY);
        double perDelivery = (many - few) / (MANY - FEW);
        System.out.printf(
                "%.0f bytes for a message to %d, %.0f to %d: %.2f for a delivery%n", few, FEW, many, MANY, perDelivery);
        assertThat(perDelivery).as("bytes a delivery").isLessThan(8);
        assertThat(few).as("bytes a message, whoever gets it").isLessThan(2_000);
    }

    private double bytesPerMessage(int subscribers) {
        serve(options -> options.listener(new Counting()), subscribing(NEWS));
        List<WebSocketProbe> clients = connected(subscribers);
        publishOneByOne(clients, WARM_UP);
        long before = allocatedByLoops();
        publishOneByOne(clients, MEASURED);
        return (double) (allocatedByLoops() - before) / MEASURED;
    }

    /** Each is a turn of its own. */
    private void publishOneByOne(List<WebSocketProbe> clients, int count) {
        for (int i = 1; i <= count; i++) {
            long expected = deliveries.get() + clients.size();
            bus.publisher().publish(NEWS, "a message of some length, the same each time");
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (deliveries.get() < expected) {
                assertThat(System.nanoTime()).as("it is delivered").isLessThan(deadline);
                Thread.onSpinWait();
            }
            if (i % READ_TOGETHER == 0) {
                clients.forEach(client -> texts(client, READ_TOGETHER));
            }
        }
    }

    private long allocatedByLoops() {
        long[] loops = Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(thread -> thread != null && isLoop(thread.getThreadName()))
                .mapToLong(ThreadInfo::getThreadId)
                .toArray();
        assertThat(loops).as("event loops").isNotEmpty();
        return Arrays.stream(threads.getThreadAllocatedBytes(loops)).sum();
    }

    private final class Counting implements FanoutListener {

        @Override
        public void turnEnded(int messages, long delivered, long bytes, long delayUs) {
            deliveries.addAndGet(delivered);
        }
    }
}
