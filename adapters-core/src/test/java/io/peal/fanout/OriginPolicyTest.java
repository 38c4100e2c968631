package io.peal.fanout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OriginPolicyTest {

    @ParameterizedTest
    @CsvSource({
        "http://example.org, example.org",
        "https://example.org, example.org",
        "https://example.org, example.org:443",
        "https://example.org:443, EXAMPLE.org",
        "http://localhost:8080, localhost:8080",
        "http://[::1]:8080, [::1]:8080",
        "http://my_service:8080, my_service:8080"
    })
    void pagesOfTheHostMayConnect(String origin, String host) {
        assertThat(OriginPolicy.sameHost().allows(origin, host)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "http://example.org, example.com",
        "http://example.org, sub.example.org",
        "http://example.org.evil.example, example.org",
        "http://evil.example?example.org, example.org",
        "http://evil.example/://example.org, example.org",
        "http://example.org:81, example.org",
        "http://example.org, example.org:443",
        "null, example.org",
        "example.org, example.org",
        "://example.org, example.org",
        "'', example.org",
        "http://example.org,"
    })
    void pagesOfOthersMayNot(String origin, String host) {
        assertThat(OriginPolicy.sameHost().allows(origin, host)).isFalse();
    }

    @Test
    void programsThatAreNoBrowsersMayConnect() {
        assertThat(OriginPolicy.sameHost().allows(null, "example.org")).isTrue();
        assertThat(OriginPolicy.sameHost().allows(null, null)).isTrue();
    }

    @Test
    void originsMayBeAllowed() {
        OriginPolicy policy = OriginPolicy.sameHost().and("https://App.example.org", "http://localhost:3000");
        assertThat(policy.allows("https://app.example.org", "api.example.org")).isTrue();
        assertThat(policy.allows("http://localhost:3000", "api.example.org")).isTrue();
        assertThat(policy.allows("http://app.example.org", "api.example.org")).isFalse();
        assertThat(OriginPolicy.any().allows("null", "api.example.org")).isTrue();
    }

    @Test
    void whatIsNoOriginCannotBeAllowed() {
        for (String origin : new String[] {"app.example.org", "https://app.example.org/", "https://", "*", ""}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> OriginPolicy.sameHost().and(origin));
        }
    }
}
