package io.peal.fanout;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Topic;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class NewestOfKeysTest {

    private static final int CAPACITY = 3;
    private static final long BEGIN = 10;

    private final List<Throwable> errors = new ArrayList<>();
    private final NewestOfKeys newest = new NewestOfKeys(NewestOfKeysTest::key, errors::add, CAPACITY, BEGIN);

    /** The key is the text; {@code -} has none, {@code !} is one that the application fails at. */
    private static @Nullable String key(Message message) {
        String text = message.text();
        if (text.equals("!")) {
            throw new IllegalStateException("no key");
        }
        return text.equals("-") ? null : text;
    }

    @Test
    void messageIsSupersededByOneWithTheSameKeyOnly() {
        note(11, "a");
        note(12, "b");
        note(13, "a");
        assertThat(newest.isSuperseded(new Said(11, "a"))).isTrue();
        assertThat(newest.isSuperseded(new Said(12, "b"))).isFalse();
        assertThat(newest.isSuperseded(new Said(13, "a"))).isFalse();
        assertThat(newest.isSuperseded(new Said(5, "never seen"))).isFalse();
    }

    @Test
    void whatIsSupersededNeedNotBeRead() {
        note(11, "a");
        note(12, "b");
        note(13, "a");
        note(14, "a");
        assertThat(newest.beforeFirstBehind(10)).as("b is the first").isEqualTo(11);
        assertThat(newest.beforeFirstBehind(11)).isEqualTo(11);
        assertThat(newest.beforeFirstBehind(12)).as("a's newest").isEqualTo(13);
    }

    @Test
    void whatCameBeforeItBeganIsReadInFull() {
        note(11, "a");
        note(12, "a");
        assertThat(newest.beforeFirstBehind(9)).isEqualTo(9);
        assertThat(newest.beforeFirstBehind(10)).isEqualTo(11);
    }

    @Test
    void messageWithoutKeyIsReplacedByNone() {
        note(11, "-");
        note(12, "a");
        note(13, "a");
        assertThat(newest.isSuperseded(new Said(11, "-"))).isFalse();
        assertThat(newest.beforeFirstBehind(10)).as("it has to be read").isEqualTo(10);
        assertThat(newest.beforeFirstBehind(11)).isEqualTo(12);
    }

    @Test
    void ofAForgottenKeyEverythingIsSent() {
        note(11, "a");
        note(12, "b");
        note(13, "c");
        note(14, "b");
        note(15, "d");
        assertThat(newest.isSuperseded(new Said(11, "a"))).as("forgotten for d").isFalse();
        assertThat(newest.beforeFirstBehind(10)).isEqualTo(10);
        assertThat(newest.beforeFirstBehind(11)).isEqualTo(12);
        assertThat(newest.isSuperseded(new Said(12, "b"))).isTrue();
    }

    @Test
    void keyThatFailsIsReportedAndTheMessageIsSent() {
        note(11, "!");
        assertThat(errors).hasSize(1);
        assertThat(newest.isSuperseded(new Said(11, "!"))).isFalse();
        assertThat(newest.beforeFirstBehind(10)).isEqualTo(10);
    }

    private void note(long position, String text) {
        newest.note(new Said(position, text));
    }

    private record Said(long position, String said) implements Message {

        @Override
        public Topic topic() {
            return Topic.of("prices");
        }

        @Override
        public PayloadKind kind() {
            return PayloadKind.TEXT;
        }

        @Override
        public int replica() {
            return 1;
        }

        @Override
        public long timestampUs() {
            return 0;
        }

        @Override
        public int payloadLength() {
            return payload().remaining();
        }

        @Override
        public ByteBuffer payload() {
            return ByteBuffer.wrap(said.getBytes(StandardCharsets.UTF_8));
        }
    }
}
