package io.peal.load;

/** Numbers out of flat JSON that we or our own server wrote: enough for counting, much cheaper than parsing. */
final class Numbers {

    private Numbers() {}

    /** The non-negative number of a field, or -1 if there is none. */
    static long field(String json, String name) {
        int at = json.indexOf("\"" + name + "\":");
        if (at < 0) {
            return -1;
        }
        int from = at + name.length() + 3;
        long value = 0;
        int digits = 0;
        for (int i = from; i < json.length() && Character.isDigit(json.charAt(i)) && digits < 18; i++) {
            value = value * 10 + (json.charAt(i) - '0');
            digits++;
        }
        return digits == 0 ? -1 : value;
    }
}
