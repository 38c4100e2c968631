package io.peal.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;

/** JSON that an application gives as text. */
final class Json {

    private static final int SHOWN = 100;

    private Json() {}

    /** The text as bytes. */
    static byte[] check(String json) {
        byte[] bytes = json.getBytes(UTF_8);
        if (!JsonText.isValid(bytes, 0, bytes.length)) {
            String shown = json.length() > SHOWN ? json.substring(0, SHOWN) + "…" : json;
            throw new IllegalArgumentException("this is not JSON: " + shown);
        }
        return bytes;
    }
}
