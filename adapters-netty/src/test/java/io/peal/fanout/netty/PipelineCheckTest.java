package io.peal.fanout.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.netty.channel.ChannelHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.netty.handler.timeout.WriteTimeoutHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.InMemoryBus;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(Leaks.class)
class PipelineCheckTest {

    static Stream<ChannelHandler> unsafe() {
        return Stream.of(
                new IdleStateHandler(1, 1, 1),
                new ReadTimeoutHandler(1),
                new WriteTimeoutHandler(1),
                new WebSocketServerProtocolHandler("/other"));
    }

    @ParameterizedTest
    @MethodSource("unsafe")
    void handlerThatDoesNotGoWellWithAConnectionIsNamed(ChannelHandler handler) {
        EmbeddedChannel channel = new EmbeddedChannel(new HttpServerCodec());
        channel.pipeline().addLast("mine", handler);
        List<String> problems = PipelineCheck.problems(channel.pipeline());
        assertThat(problems).hasSize(1);
        assertThat(problems.get(0)).contains("'mine'", handler.getClass().getSimpleName());
        channel.finishAndReleaseAll();
    }

    @Test
    void ordinaryPipelineIsFine() {
        EmbeddedChannel channel = new EmbeddedChannel(new HttpServerCodec(), new HttpObjectAggregator(100));
        assertThat(PipelineCheck.problems(channel.pipeline())).isEmpty();
        channel.finishAndReleaseAll();
    }

    @Test
    void pipelineWithoutACodecIsRefused() {
        EmbeddedChannel channel = new EmbeddedChannel();
        try (InMemoryBus bus = InMemoryBus.create();
                Fanout fanout = Fanout.on(bus).build()) {
            NettyFanout live = NettyFanout.of(fanout);
            assertThatIllegalStateException()
                    .isThrownBy(() -> live.install(channel.pipeline(), "/live", connection -> {}))
                    .withMessageContaining("HttpServerCodec");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> live.install(channel.pipeline(), "live", connection -> {}));
        }
        channel.finishAndReleaseAll();
    }
}
