package io.peal.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TopicTest {

    @ParameterizedTest
    @ValueSource(strings = {"", "a\nb", "\u0000", "a\u007f", "a\u0085b", "\ud800", "a\udc00"})
    void refusesANameThatIsEmptyOrHasControlCharactersOrHalfACharacter(String name) {
        assertThatIllegalArgumentException().isThrownBy(() -> Topic.of(name)).withMessageContaining("topic");
    }

    @Test
    void takesNamesOfUpTo255BytesOfUtf8() {
        assertThat(Topic.of("x".repeat(255)).utf8Length()).isEqualTo(255);
        assertThat(Topic.of("\u00e4".repeat(127)).utf8Length()).isEqualTo(254);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Topic.of("x".repeat(256)))
                .withMessageContaining("256")
                .withMessageContaining("255");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Topic.of("\u00e4".repeat(128)))
                .withMessageContaining("256 bytes");
    }

    @Test
    void isEqualByName() {
        assertThat(Topic.of("room/42"))
                .isEqualTo(Topic.of("room/42"))
                .hasSameHashCodeAs(Topic.of("room/42"))
                .isNotEqualTo(Topic.of("room/43"))
                .hasToString("room/42")
                .isLessThan(Topic.of("room/43"));
    }

    @Test
    void hashesToThePublishedValuesOfFnv1a() {
        assertThat(Topic.of("a").hash()).isEqualTo(0xaf63dc4c8601ec8cL);
        assertThat(Topic.of("foobar").hash()).isEqualTo(0x85944171f73967e8L);
    }

    @Test
    void copiesAndComparesItsUtf8Form() {
        Topic topic = Topic.of("gr\u00fcn");
        ByteBuffer buffer = ByteBuffer.allocate(16);
        topic.copyUtf8To(buffer, 3);
        assertThat(buffer.position()).isZero();
        assertThat(new String(buffer.array(), 3, topic.utf8Length(), StandardCharsets.UTF_8))
                .isEqualTo("gr\u00fcn");
        assertThat(topic.utf8Equals(buffer, 3, topic.utf8Length())).isTrue();
        assertThat(topic.utf8Equals(buffer, 3, topic.utf8Length() - 1)).isFalse();
        assertThat(topic.utf8Equals(buffer, 4, topic.utf8Length())).isFalse();
    }

    @Test
    void comparesEveryByteInEitherOrder() {
        for (int length = 1; length <= Topic.MAX_LENGTH; length++) {
            Topic topic = Topic.of("abcdefghijk".repeat(24).substring(0, length));
            for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
                ByteBuffer buffer = ByteBuffer.allocate(300).order(order);
                topic.copyUtf8To(buffer, 7);
                assertThat(topic.utf8Equals(buffer, 7, length)).isTrue();
                for (int i = 0; i < length; i++) {
                    byte before = buffer.get(7 + i);
                    buffer.put(7 + i, (byte) (before ^ 0x40));
                    assertThat(topic.utf8Equals(buffer, 7, length)).isFalse();
                    buffer.put(7 + i, before);
                }
            }
        }
    }
}
