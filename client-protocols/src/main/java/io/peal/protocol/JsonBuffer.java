package io.peal.protocol;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;

/**
 * JSON that is being written: bytes that grow. There is no line feed in it but those that {@link #newLine()} puts there,
 * because they part objects in this protocol. Not thread-safe.
 */
final class JsonBuffer {

    private static final int KEPT_LENGTH = 128 * 1024;
    private static final int FIRST_LENGTH = 512;
    private static final int MAX_DIGITS = 20;
    private static final JsonStringEncoder QUOTING = JsonStringEncoder.getInstance();
    private static final byte[] HEX = "0123456789abcdef".getBytes(US_ASCII);
    private static final byte[] DATA = "{\"data\":".getBytes(US_ASCII);
    private static final byte[] OFFSET = ",\"offset\":".getBytes(US_ASCII);

    private byte[] bytes = new byte[FIRST_LENGTH];
    private ByteBuffer view = ByteBuffer.wrap(bytes);
    private int length;

    boolean isEmpty() {
        return length == 0;
    }

    int length() {
        return length;
    }

    void clear() {
        length = 0;
        if (bytes.length > KEPT_LENGTH) { // one large message must not pin its memory for ever
            bytes = new byte[FIRST_LENGTH];
        }
    }

    /** What was written, valid until something is written again. */
    ByteBuffer written() {
        if (view.array() != bytes) {
            view = ByteBuffer.wrap(bytes);
        }
        return view.position(0).limit(length);
    }

    byte[] copy() {
        return Arrays.copyOf(bytes, length);
    }

    JsonBuffer newLine() {
        makeRoom(1);
        bytes[length++] = '\n';
        return this;
    }

    /** Text of ASCII characters as it is. */
    JsonBuffer raw(String ascii) {
        int count = ascii.length();
        makeRoom(count);
        for (int i = 0; i < count; i++) {
            bytes[length++] = (byte) ascii.charAt(i);
        }
        return this;
    }

    JsonBuffer raw(byte[] source) {
        makeRoom(source.length);
        System.arraycopy(source, 0, bytes, length, source.length);
        length += source.length;
        return this;
    }

    /** A JSON text as it is, but for the line feeds and returns between its tokens. */
    JsonBuffer value(byte[] json) {
        int from = length;
        raw(json);
        joinLines(from);
        return this;
    }

    /** A string with its quotes. */
    JsonBuffer string(String text) {
        return raw("\"").raw(QUOTING.quoteAsUTF8(text)).raw("\"");
    }

    JsonBuffer number(long value) {
        makeRoom(MAX_DIGITS);
        if (value < 0) {
            return raw(Long.toString(value));
        }
        int end = length + digitsOf(value);
        long rest = value;
        for (int i = end - 1; i >= length; i--) {
            bytes[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        length = end;
        return this;
    }

    /** A message as a publication: its payload if that is JSON, else as a string; in base64 if it is binary. */
    JsonBuffer publication(Message message) {
        raw(DATA);
        if (message.kind() == PayloadKind.TEXT) {
            text(message.payload());
        } else {
            raw("\"").raw(Base64.getEncoder().encode(message.bytes())).raw("\"");
        }
        return raw(OFFSET).number(message.position()).raw("}");
    }

    private void text(ByteBuffer payload) {
        int from = length;
        int count = payload.remaining();
        makeRoom(count);
        payload.get(bytes, from, count);
        if (JsonText.isValid(bytes, from, from + count)) {
            length += count;
            joinLines(from);
        } else {
            quote(Arrays.copyOfRange(bytes, from, from + count));
        }
    }

    private void quote(byte[] utf8) {
        makeRoom(2 + utf8.length);
        bytes[length++] = '"';
        for (byte b : utf8) {
            makeRoom(6);
            if (b == '"' || b == '\\') {
                bytes[length++] = '\\';
                bytes[length++] = b;
            } else if (b >= 0 && b < ' ') {
                raw("\\u00");
                bytes[length++] = HEX[b >> 4];
                bytes[length++] = HEX[b & 15];
            } else {
                bytes[length++] = b;
            }
        }
        makeRoom(1);
        bytes[length++] = '"';
    }

    /** In valid JSON, they are white space: in a string they would be escaped. */
    private void joinLines(int from) {
        for (int i = from; i < length; i++) {
            if (bytes[i] == '\n' || bytes[i] == '\r') {
                bytes[i] = ' ';
            }
        }
    }

    private void makeRoom(int count) {
        if (bytes.length - length < count) {
            bytes = Arrays.copyOf(bytes, Math.max(length + count, 2 * bytes.length));
        }
    }

    private static int digitsOf(long value) {
        int digits = 1;
        for (long rest = value / 10; rest > 0; rest /= 10) {
            digits++;
        }
        return digits;
    }

    @Override
    public String toString() {
        return new String(bytes, 0, length, UTF_8);
    }
}
