package io.peal.fanout;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The answer to an {@link UpgradeRequest}. */
public sealed interface Admission {

    /** The client may come in. */
    static Admission accept() {
        return new Accepted(null);
    }

    /** The client may come in; {@link Connection#attachment()} is this at first, for example who it is. */
    static Admission accept(Object attachment) {
        return new Accepted(attachment);
    }

    /**
     * The client may not come in. Browsers do not show a page why: they see that it failed.
     *
     * @param status of the HTTP answer, from 400 to 599: 401 and 403 suggest themselves
     * @param reason the body of the answer, without secrets
     */
    static Admission refuse(int status, String reason) {
        return new Refused(status, reason, Map.of("Connection", "close"));
    }

    /** See {@link Admission#accept(Object)}. */
    record Accepted(@Nullable Object attachment) implements Admission {}

    /**
     * See {@link Admission#refuse}.
     *
     * @param headers of the answer, besides those of its body
     */
    record Refused(int status, String reason, Map<String, String> headers) implements Admission, Entry {

        private static final int MIN_STATUS = 400;
        private static final int MAX_STATUS = 599;

        /** @throws IllegalArgumentException if the status is no refusal */
        public Refused {
            headers = Map.copyOf(headers);
            if (status < MIN_STATUS || status > MAX_STATUS) {
                throw new IllegalArgumentException("status is " + status + ", a refusal is from 400 to 599");
            }
        }
    }
}
