package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.testkit.TestDirectory;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The hot path makes no garbage: publishing, passing over, and delivering. */
class AllocationTest {

    private static final Topic TOPIC = Topic.of("topic");
    private static final int WARM_UP = 50_000;
    private static final int MEASURED = 100_000;
    private static final long ALLOWED_BYTES = 64 * 1024; // for what a new segment takes now and then

    private final TestDirectory scratch = new TestDirectory();
    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void publishingAndPollingMakeNoGarbage() {
        try (FileBus bus = FileBus.open(scratch.path().resolve("bus"))) {
            ByteBuffer payload = ByteBuffer.allocateDirect(200);
            Reader all = bus.newReader(StartFrom.latest());
            Reader some = bus.newReader(StartFrom.latest(), TopicSet.of(TOPIC));
            Reader none = bus.newReader(StartFrom.latest(), TopicSet.of(Topic.of("other")));
            Sum sum = new Sum();
            run(bus, payload, sum, WARM_UP, all, some, none);
            long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
            run(bus, payload, sum, MEASURED, all, some, none);
            long allocated =
                    threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
            assertThat(sum.bytes).isEqualTo(2L * 200 * (WARM_UP + MEASURED));
            assertThat(allocated).as("bytes for " + MEASURED + " messages").isLessThan(ALLOWED_BYTES);
        }
    }

    private static void run(FileBus bus, ByteBuffer payload, Sum sum, int count, Reader... readers) {
        for (int i = 0; i < count; i++) {
            bus.publisher().publish(TOPIC, payload, PayloadKind.BINARY);
            for (Reader reader : readers) {
                reader.poll(sum, 1);
            }
        }
    }

    private static final class Sum implements Subscriber {

        private long bytes;

        @Override
        public void onMessage(Message message) {
            bytes += message.payload().remaining();
        }
    }
}
