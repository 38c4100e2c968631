package io.peal.protocol;

/**
 * Says whether bytes are one JSON text (RFC 8259), without allocating anything. Whether strings are well-formed UTF-8 is
 * not looked at. Immutable.
 *
 * <p>A text that is nested deeper than {@value #MAX_DEPTH} is none here, so that a hostile one cannot exhaust the stack.
 */
final class JsonText {

    static final int MAX_DEPTH = 256;

    private static final int NO = -1;

    private JsonText() {}

    /** Whether the bytes from {@code from} to before {@code to} are one JSON text, with white space around it or not. */
    static boolean isValid(byte[] bytes, int from, int to) {
        int end = value(bytes, skipSpace(bytes, from, to), to, 0);
        return end != NO && skipSpace(bytes, end, to) == to;
    }

    // Each of these returns where what it looked for ends, or NO.

    private static int value(byte[] bytes, int at, int to, int depth) {
        if (at >= to) {
            return NO;
        }
        return switch (bytes[at]) {
            case '{' -> depth == MAX_DEPTH ? NO : object(bytes, at, to, depth + 1);
            case '[' -> depth == MAX_DEPTH ? NO : array(bytes, at, to, depth + 1);
            case '"' -> string(bytes, at, to);
            case 't' -> word(bytes, at, to, "true");
            case 'f' -> word(bytes, at, to, "false");
            case 'n' -> word(bytes, at, to, "null");
            default -> number(bytes, at, to);
        };
    }

    private static int object(byte[] bytes, int at, int to, int depth) {
        int i = skipSpace(bytes, at + 1, to);
        if (is(bytes, i, to, '}')) {
            return i + 1;
        }
        while (true) {
            i = is(bytes, i, to, '"') ? string(bytes, i, to) : NO;
            i = i == NO ? NO : skipSpace(bytes, i, to);
            if (i == NO || !is(bytes, i, to, ':')) {
                return NO;
            }
            i = value(bytes, skipSpace(bytes, i + 1, to), to, depth);
            i = i == NO ? NO : skipSpace(bytes, i, to);
            if (i == NO || !is(bytes, i, to, ',')) {
                return i != NO && is(bytes, i, to, '}') ? i + 1 : NO;
            }
            i = skipSpace(bytes, i + 1, to);
        }
    }

    private static int array(byte[] bytes, int at, int to, int depth) {
        int i = skipSpace(bytes, at + 1, to);
        if (is(bytes, i, to, ']')) {
            return i + 1;
        }
        while (true) {
            i = value(bytes, i, to, depth);
            i = i == NO ? NO : skipSpace(bytes, i, to);
            if (i == NO || !is(bytes, i, to, ',')) {
                return i != NO && is(bytes, i, to, ']') ? i + 1 : NO;
            }
            i = skipSpace(bytes, i + 1, to);
        }
    }

    private static int string(byte[] bytes, int at, int to) {
        int i = at + 1;
        while (i < to) {
            byte b = bytes[i];
            if (b == '"') {
                return i + 1;
            }
            if (b == '\\') {
                i = escape(bytes, i + 1, to);
                if (i == NO) {
                    return NO;
                }
            } else if (b >= 0 && b < ' ') {
                return NO;
            } else {
                i++;
            }
        }
        return NO;
    }

    private static int escape(byte[] bytes, int at, int to) {
        if (at >= to) {
            return NO;
        }
        return switch (bytes[at]) {
            case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> at + 1;
            case 'u' -> hexDigits(bytes, at + 1, to);
            default -> NO;
        };
    }

    private static int hexDigits(byte[] bytes, int at, int to) {
        for (int i = at; i < at + 4; i++) {
            if (i >= to || Character.digit(bytes[i], 16) < 0) {
                return NO;
            }
        }
        return at + 4;
    }

    private static int number(byte[] bytes, int at, int to) {
        int i = is(bytes, at, to, '-') ? at + 1 : at;
        i = is(bytes, i, to, '0') ? i + 1 : digits(bytes, i, to);
        if (i != NO && is(bytes, i, to, '.')) {
            i = digits(bytes, i + 1, to);
        }
        if (i != NO && (is(bytes, i, to, 'e') || is(bytes, i, to, 'E'))) {
            boolean signed = is(bytes, i + 1, to, '+') || is(bytes, i + 1, to, '-');
            i = digits(bytes, signed ? i + 2 : i + 1, to);
        }
        return i;
    }

    /** At least one. */
    private static int digits(byte[] bytes, int at, int to) {
        int i = at;
        while (i < to && bytes[i] >= '0' && bytes[i] <= '9') {
            i++;
        }
        return i == at ? NO : i;
    }

    private static int word(byte[] bytes, int at, int to, String word) {
        for (int i = 0; i < word.length(); i++) {
            if (!is(bytes, at + i, to, word.charAt(i))) {
                return NO;
            }
        }
        return at + word.length();
    }

    private static boolean is(byte[] bytes, int at, int to, char c) {
        return at < to && bytes[at] == c;
    }

    private static int skipSpace(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to && (bytes[i] == ' ' || bytes[i] == '\n' || bytes[i] == '\r' || bytes[i] == '\t')) {
            i++;
        }
        return i;
    }
}
