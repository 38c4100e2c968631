package io.peal.fanout;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Agreeing on permessage-deflate (RFC 7692 section 7.1). The server never refers to earlier messages, whatever
 * is agreed on, and asks the client not to do so, either: so neither side of a connection has a state here.
 */
final class DeflateOffer {

    private static final String EXTENSION = "permessage-deflate";
    private static final String SERVER_NO_CONTEXT = "server_no_context_takeover";
    private static final String CLIENT_NO_CONTEXT = "client_no_context_takeover";
    private static final String SERVER_WINDOW = "server_max_window_bits";
    private static final String CLIENT_WINDOW = "client_max_window_bits";
    private static final String LARGEST_WINDOW = "15";

    private DeflateOffer() {}

    /**
     * The answer to what a client offers, to be sent as {@code Sec-WebSocket-Extensions}.
     *
     * @param offers the values of its headers of that name
     * @return null if nothing of it can be accepted: then nothing is compressed
     */
    static @Nullable String answer(List<String> offers) {
        for (String header : offers) {
            for (String offer : header.split(",", -1)) {
                String answer = answer(offer);
                if (answer != null) {
                    return answer;
                }
            }
        }
        return null;
    }

    private static @Nullable String answer(String offer) {
        String[] words = offer.split(";", -1);
        if (!words[0].strip().equalsIgnoreCase(EXTENSION)) {
            return null;
        }
        StringBuilder answer = new StringBuilder(EXTENSION).append("; ").append(CLIENT_NO_CONTEXT);
        for (int i = 1; i < words.length; i++) {
            String[] parameter = words[i].strip().split("=", 2);
            String value = parameter.length == 1 ? "" : parameter[1].strip().replace("\"", "");
            switch (parameter[0].strip().toLowerCase(Locale.ROOT)) {
                case SERVER_NO_CONTEXT -> answer.append("; ").append(SERVER_NO_CONTEXT);
                case SERVER_WINDOW -> {
                    if (!value.equals(LARGEST_WINDOW)) { // Java's compressor knows no other
                        return null;
                    }
                    answer.append("; ").append(SERVER_WINDOW).append('=').append(LARGEST_WINDOW);
                }
                case CLIENT_NO_CONTEXT, CLIENT_WINDOW -> {} // any window will do
                default -> {
                    return null;
                }
            }
        }
        return answer.toString();
    }
}
