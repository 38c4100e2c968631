package io.peal.load.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class MarkerTest {

    @Test
    void messageIsFoundAgain() {
        String message = Marker.message(3, 17, 123_456_789_012L, 100);
        assertThat(message).hasSize(100).startsWith("{").endsWith("}");
        assertThat(find(message)).containsExactly("3:17:123456789012");
    }

    @Test
    void messagesAreFoundInWhatServersWrapAroundThem() {
        String first = Marker.message(0, 1, 5, 0);
        String second = Marker.message(1, 2, 6, 0);
        assertThat(find("{\"push\":{\"channel\":\"c\",\"pub\":{\"data\":" + first
                        + ",\"offset\":7}}}\n{\"push\":{\"pub\":{\"data\":" + second + ",\"offset\":8}}}"))
                .containsExactly("0:1:5", "1:2:6");
    }

    @Test
    void whatIsNoMessageIsPassedOver() {
        assertThat(find("")).isEmpty();
        assertThat(find("{\"lp\":")).isEmpty();
        assertThat(find("{\"lp\":1,\"ln\":")).isEmpty();
        assertThat(find("{\"lp\":1,\"ln\":x,\"lt\":3}")).isEmpty();
        assertThat(find("{{{\"lp\":\"1\"}{}")).isEmpty();
    }

    @Test
    void offsetIsTheLastOneInTheFrame() {
        ByteBuf frame = frame(
                "{\"push\":{\"pub\":{\"data\":{},\"offset\":7}}}\n{\"push\":{\"pub\":{\"data\":{},\"offset\":12}}}");
        assertThat(Marker.isPush(frame)).isTrue();
        assertThat(Marker.lastOffset(frame)).isEqualTo(12);
        assertThat(Marker.isPush(frame("{}"))).isFalse();
        assertThat(Marker.lastOffset(frame("{}"))).isZero();
    }

    private static List<String> find(String text) {
        List<String> found = new ArrayList<>();
        Marker.find(frame(text), (publisher, number, dueNs) -> found.add(publisher + ":" + number + ":" + dueNs));
        return found;
    }

    private static ByteBuf frame(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }
}
