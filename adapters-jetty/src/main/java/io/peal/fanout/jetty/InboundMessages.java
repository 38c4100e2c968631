package io.peal.fanout.jetty;

import io.peal.bus.PayloadKind;
import io.peal.fanout.CloseCode;
import io.peal.fanout.MessageInflater;
import io.peal.fanout.MessageInflater.Failure;
import io.peal.fanout.MessageInflater.InflateException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.exception.BadPayloadException;
import org.eclipse.jetty.websocket.core.exception.CloseException;
import org.eclipse.jetty.websocket.core.exception.MessageTooLargeException;
import org.eclipse.jetty.websocket.core.exception.ProtocolException;
import org.jspecify.annotations.Nullable;

/**
 * Makes messages out of the data frames of one client (RFC 6455 section 5.4): puts fragments together, brings back what is
 * compressed, and refuses what is too long or no text. Belongs to the connection's event loop.
 */
final class InboundMessages {

    private static final int FIRST_LENGTH = 1_024;

    /** A message: valid until the next frame. */
    record Inbound(PayloadKind kind, ByteBuffer payload) {}

    private final int maxLength;
    private final Supplier<MessageInflater> inflater;
    private PayloadKind kind = PayloadKind.TEXT; // of the message that has begun
    private boolean begun;
    private boolean compressed;
    private @Nullable ByteBuffer parts; // the fragments until now

    /** @param inflater asked only for what is compressed */
    InboundMessages(int maxLength, Supplier<MessageInflater> inflater) {
        this.maxLength = maxLength;
        this.inflater = inflater;
    }

    /**
     * The message that a data frame ends, null if it ends none.
     *
     * @throws CloseException with the code the connection is to be closed with
     */
    @Nullable
    Inbound add(Frame frame) {
        begin(frame);
        ByteBuffer payload = frame.getPayload() == null ? ByteBuffer.allocate(0) : frame.getPayload();
        int soFar = parts == null ? 0 : parts.position();
        if (soFar + payload.remaining() > maxLength) {
            throw new MessageTooLargeException("message too long");
        }
        if (!frame.isFin()) {
            append(payload);
            return null;
        }
        ByteBuffer whole = payload;
        if (parts != null) {
            append(payload);
            whole = parts.flip();
            parts = null;
        }
        begun = false;
        ByteBuffer message = compressed ? inflated(whole) : whole;
        if (kind == PayloadKind.TEXT) {
            checkText(message.duplicate());
        }
        return new Inbound(kind, message);
    }

    private void begin(Frame frame) {
        boolean continues = frame.getOpCode() == OpCode.CONTINUATION;
        if (continues != begun) {
            throw new ProtocolException(continues ? "a continuation of nothing" : "a message within a message");
        }
        if (continues && frame.isRsv1()) {
            throw new ProtocolException("reserved bits in a continuation");
        }
        if (!continues) {
            begun = true;
            compressed = frame.isRsv1();
            kind = frame.getOpCode() == OpCode.TEXT ? PayloadKind.TEXT : PayloadKind.BINARY;
        }
    }

    private void append(ByteBuffer payload) {
        ByteBuffer to = parts;
        if (to == null) {
            to = ByteBuffer.allocate(Math.max(FIRST_LENGTH, payload.remaining()));
        } else if (to.remaining() < payload.remaining()) {
            int needed = to.position() + payload.remaining();
            to = ByteBuffer.allocate(Math.max(needed, 2 * to.capacity())).put(to.flip());
        }
        parts = to.put(payload);
    }

    private ByteBuffer inflated(ByteBuffer whole) {
        try {
            return inflater.get().inflate(whole, maxLength);
        } catch (InflateException e) {
            if (e.failure() == Failure.TOO_LONG) {
                throw new MessageTooLargeException("more than " + maxLength + " bytes when it is inflated");
            }
            throw new BadPayloadException("not a compressed message");
        }
    }

    private static void checkText(ByteBuffer text) {
        while (text.hasRemaining() && text.get(text.position()) >= 0) { // ASCII needs no decoder
            text.get();
        }
        if (!text.hasRemaining()) {
            return;
        }
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        CharBuffer characters = CharBuffer.allocate(Math.min(text.remaining() + 1, FIRST_LENGTH));
        CoderResult result = CoderResult.OVERFLOW;
        while (result.isOverflow()) {
            characters.clear();
            result = decoder.decode(text, characters, true);
        }
        if (result.isError()) {
            throw new CloseException(CloseCode.INVALID_PAYLOAD, "not UTF-8");
        }
    }
}
