package io.peal.bus;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * A name that messages are published to: an immutable value, equal by name.
 *
 * <p>A topic costs nothing until it is used, and needs no declaration. Keep instances that are used often: the UTF-8
 * form and the hash are computed once, in {@link #of}.
 */
public final class Topic implements Comparable<Topic> {

    /** The longest name, in bytes of its UTF-8 form. */
    public static final int MAX_LENGTH = 255;

    private static final long FNV_OFFSET_BASIS = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private final String name;
    private final byte[] utf8;
    private final long hash;
    private final long[]
            words; // of the name, little-endian, the last one from its end; none if it is shorter than that

    private Topic(String name, byte[] utf8) {
        this.name = name;
        this.utf8 = utf8;
        this.hash = hashOf(utf8);
        this.words = wordsOf(utf8);
    }

    /**
     * The topic of this name: any text of 1 to 255 bytes in UTF-8 without control characters. Names are compared as
     * they are; {@code /}, {@code *} and the like have no meaning.
     *
     * @throws IllegalArgumentException if the name is empty, too long, has a control character or an unpaired surrogate
     */
    public static Topic of(String name) {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a topic needs a name: it is empty");
        }
        if (name.length() > MAX_LENGTH) {
            throw tooLong(name.length() + " characters");
        }
        for (int i = 0; i < name.length(); i++) {
            if (Character.isISOControl(name.charAt(i))) {
                throw new IllegalArgumentException(String.format(
                        "topic name has the control character U+%04X at index %d", (int) name.charAt(i), i));
            }
        }
        byte[] utf8 = encode(name);
        if (utf8.length > MAX_LENGTH) {
            throw tooLong(utf8.length + " bytes");
        }
        return new Topic(name, utf8);
    }

    /** The name as it was given. */
    public String name() {
        return name;
    }

    /** The length of the name in bytes of UTF-8, 1 to {@value #MAX_LENGTH}. */
    public int utf8Length() {
        return utf8.length;
    }

    /** Copies the name's UTF-8 form into {@code target} from {@code index} on, whatever the target's position is. */
    public void copyUtf8To(ByteBuffer target, int index) {
        target.put(index, utf8);
    }

    /** Whether the {@code length} bytes of {@code source} from {@code index} on are this name's UTF-8 form. */
    public boolean utf8Equals(ByteBuffer source, int index, int length) {
        if (length != utf8.length) {
            return false;
        }
        if (words.length > 0 && source.order() == ByteOrder.LITTLE_ENDIAN) {
            return equalsByWords(source, index);
        }
        for (int i = 0; i < length; i++) {
            if (source.get(index + i) != utf8[i]) {
                return false;
            }
        }
        return true;
    }

    /** Eight bytes at a time; the last eight may overlap those before. */
    private boolean equalsByWords(ByteBuffer source, int index) {
        int whole = words.length - 1;
        for (int i = 0; i < whole; i++) {
            if (source.getLong(index + i * Long.BYTES) != words[i]) {
                return false;
            }
        }
        return source.getLong(index + utf8.length - Long.BYTES) == words[whole];
    }

    /**
     * A hash of the name that is the same in every process and release (FNV-1a, 64 bits, over the UTF-8 form; see
     * Fowler, Noll and Vo). Different names may share it: compare names after hashes.
     */
    public long hash() {
        return hash;
    }

    @Override
    public int compareTo(Topic other) {
        return name.compareTo(other.name);
    }

    @Override
    public boolean equals(Object other) {
        return this == other || (other instanceof Topic that && hash == that.hash && name.equals(that.name));
    }

    @Override
    public int hashCode() {
        return (int) (hash ^ (hash >>> 32));
    }

    /** The name. */
    @Override
    public String toString() {
        return name;
    }

    private static long hashOf(byte[] utf8) {
        long hash = FNV_OFFSET_BASIS;
        for (byte b : utf8) {
            hash = (hash ^ (b & 0xff)) * FNV_PRIME;
        }
        return hash;
    }

    private static long[] wordsOf(byte[] utf8) {
        ByteBuffer bytes = ByteBuffer.wrap(utf8).order(ByteOrder.LITTLE_ENDIAN);
        int whole = utf8.length / Long.BYTES;
        if (whole == 0) {
            return new long[0];
        }
        long[] words = new long[whole + 1];
        for (int i = 0; i < whole; i++) {
            words[i] = bytes.getLong(i * Long.BYTES);
        }
        words[whole] = bytes.getLong(utf8.length - Long.BYTES);
        return words;
    }

    private static byte[] encode(String name) {
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(name));
            byte[] utf8 = new byte[encoded.remaining()];
            encoded.get(utf8);
            return utf8;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("topic name has an unpaired surrogate, so it has no UTF-8 form", e);
        }
    }

    private static IllegalArgumentException tooLong(String length) {
        return new IllegalArgumentException(
                "topic name is " + length + " long, the limit is " + MAX_LENGTH + " bytes of UTF-8");
    }
}
