package io.peal.fanout.jetty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.Topic;
import io.peal.fanout.Fanout;
import io.peal.fanout.Shard;
import io.peal.testkit.InMemoryBus;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.io.EndPoint;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an outlet does to the buffers that others share, on endpoints that do as they are told. */
@Timeout(60)
class SocketOutletTest {

    private static final Topic NEWS = Topic.of("news");

    /** How an endpoint takes what is written. */
    private interface Taking {
        boolean take(ByteBuffer bytes) throws IOException;
    }

    @Test
    void endpointThatBreaksInTheMiddleOfABufferSpoilsItForNobodyElse() throws Exception {
        BlockingQueue<String> taken = new LinkedBlockingQueue<>();
        WorkerLoop loop = new WorkerLoop("peal-jetty-test");
        try (InMemoryBus bus = InMemoryBus.create();
                Fanout fanout = Fanout.on(bus).build()) {
            Shard<SharedBuffer> shard = fanout.newShard(loop, new JettyMemory(new ArrayByteBufferPool()));
            EndPoint breaking = endPoint(bytes -> {
                bytes.position(3);
                throw new IOException("broken, after TLS has taken a part");
            });
            EndPoint whole = endPoint(bytes -> {
                taken.add(UTF_8.decode(bytes).toString());
                return true;
            });
            for (EndPoint each : new EndPoint[] {breaking, whole}) {
                shard.open(
                        new SocketOutlet(each, loop, false),
                        "/",
                        fanout.placeOfAdmitted(),
                        connection -> connection.subscribe(NEWS));
            }
            while (fanout.connections() < 2) {
                Thread.onSpinWait();
            }
            bus.publisher().publish(NEWS, "hello");
            assertThat(taken.poll(10, TimeUnit.SECONDS)).endsWith("\u0005hello");
        }
    }

    private static EndPoint endPoint(Taking taking) {
        return (EndPoint) Proxy.newProxyInstance(
                EndPoint.class.getClassLoader(), new Class<?>[] {EndPoint.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("flush")) {
                        return taking.take(((ByteBuffer[]) arguments[0])[0]);
                    }
                    return method.getReturnType() == boolean.class ? Boolean.FALSE : null;
                });
    }
}
