package io.peal.testkit;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A WebSocket client that does exactly what it is told, also what RFC 6455 forbids: it sends any frame, never answers by
 * itself, and reads only when asked to, so that it can stall a server. Not thread-safe.
 */
public final class WebSocketProbe implements AutoCloseable {

    /** The bit of a frame's first byte that says that the message ends with it. */
    public static final int FIN = 0x80;
    /** Goes on with a message. */
    public static final int CONTINUATION = 0x0;
    /** Begins a text message. */
    public static final int TEXT = 0x1;
    /** Begins a binary message. */
    public static final int BINARY = 0x2;
    /** Begins or answers the closing handshake. */
    public static final int CLOSE = 0x8;
    /** Asks for a pong. */
    public static final int PING = 0x9;
    /** Answers a ping. */
    public static final int PONG = 0xA;

    private static final int TIMEOUT_MS = 10_000;
    private static final int MAX_LENGTH = 64 << 20;
    private static final byte[] MASK = {0x12, (byte) 0x9c, 0x5a, 0x01};

    /** A frame from the server. */
    public static final class Frame {

        private final int firstByte;
        private final byte[] payload;

        private Frame(int firstByte, byte[] payload) {
            this.firstByte = firstByte;
            this.payload = payload;
        }

        /** The byte with the flags and the opcode. */
        public int firstByte() {
            return firstByte;
        }

        /** The payload, which is the caller's. */
        public byte[] payload() {
            return payload;
        }

        /** What kind of frame it is. */
        public int opcode() {
            return firstByte & 0x0f;
        }

        /** The payload as text. */
        public String text() {
            return new String(payload, StandardCharsets.UTF_8);
        }

        /** The code of a Close, 1005 if it has none. */
        public int closeCode() {
            return payload.length < 2 ? 1005 : ByteBuffer.wrap(payload).getShort() & 0xffff;
        }

        @Override
        public String toString() {
            return String.format("frame %02x of %d bytes", firstByte, payload.length);
        }
    }

    private final Socket socket;
    private final InputStream input;
    private String agreed = "";

    private WebSocketProbe(Socket socket) throws IOException {
        this.socket = socket;
        this.input = new BufferedInputStream(socket.getInputStream(), 64 * 1024);
    }

    /** Connects to a server on this host and does the handshake, which must succeed. */
    public static WebSocketProbe connect(int port, String target) {
        return connect(port, target, 0);
    }

    /** Connects with a receive buffer of about {@code receiveBufferLength} bytes, so that it is soon full. */
    public static WebSocketProbe connect(int port, String target, int receiveBufferLength) {
        return connect(port, target, receiveBufferLength, "");
    }

    /** Connects and offers extensions. */
    public static WebSocketProbe connectOffering(int port, String target, String extensions) {
        return connect(port, target, 0, "Sec-WebSocket-Extensions: " + extensions + "\r\n");
    }

    private static WebSocketProbe connect(int port, String target, int receiveBufferLength, String headers) {
        try {
            WebSocketProbe probe = new WebSocketProbe(open(port, receiveBufferLength));
            List<String> answer = probe.request(target, headers);
            if (!answer.get(0).startsWith("HTTP/1.1 101 ")) {
                probe.close();
                throw new IllegalStateException("no upgrade: " + answer);
            }
            probe.agreed = answer.stream()
                    .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("sec-websocket-extensions:"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("");
            return probe;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Connects, and says nothing yet. */
    public static WebSocketProbe connectSilently(int port) {
        try {
            return new WebSocketProbe(open(port, 0));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a server answers to a request with these header lines: its status. */
    public static int status(int port, String method, String target, String... headers) {
        try (Socket socket = open(port, 0)) {
            WebSocketProbe probe = new WebSocketProbe(socket);
            String lines = String.join("\r\n", headers);
            probe.write((method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n" + lines
                            + (lines.isEmpty() ? "" : "\r\n") + "\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
            return probe.awaitStatus();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the answer to a request that was written: its status. */
    public int awaitStatus() {
        try {
            return Integer.parseInt(readHead().get(0).split(" ", 3)[1]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends a whole text message. */
    public void sendText(String text) {
        sendFrame(FIN | TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends a Close with a code. */
    public void sendClose(int code) {
        sendFrame(FIN | CLOSE, new byte[] {(byte) (code >> 8), (byte) code});
    }

    /** Sends a masked frame, whatever its first byte means. */
    public void sendFrame(int firstByte, byte[] payload) {
        byte[] header = header(firstByte, payload.length, true);
        byte[] frame = new byte[header.length + MASK.length + payload.length];
        System.arraycopy(header, 0, frame, 0, header.length);
        System.arraycopy(MASK, 0, frame, header.length, MASK.length);
        for (int i = 0; i < payload.length; i++) {
            frame[header.length + MASK.length + i] = (byte) (payload[i] ^ MASK[i % MASK.length]);
        }
        write(frame);
    }

    /** Sends a frame without a mask, which no client may. */
    public void sendUnmasked(int firstByte, byte[] payload) {
        byte[] header = header(firstByte, payload.length, false);
        byte[] frame = new byte[header.length + payload.length];
        System.arraycopy(header, 0, frame, 0, header.length);
        System.arraycopy(payload, 0, frame, header.length, payload.length);
        write(frame);
    }

    /** Sends bytes as they are. */
    public void write(byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the next frame. */
    public Frame next() {
        try {
            int first = readByte();
            int second = readByte();
            if ((second & 0x80) != 0) {
                throw new IllegalStateException("a server must not mask (RFC 6455 section 5.1)");
            }
            long length = second < 126 ? second : readNumber(second == 126 ? 2 : 8);
            if (length < 0 || length > MAX_LENGTH) {
                throw new IllegalStateException("a frame of " + length + " bytes");
            }
            byte[] payload = input.readNBytes((int) length);
            if (payload.length < length) {
                throw new EOFException("the server closed the connection within a frame");
            }
            return new Frame(first, payload);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the next frame, which must be a whole text message. */
    public String nextText() {
        Frame frame = next();
        if (frame.firstByte() != (FIN | TEXT)) {
            throw new IllegalStateException("expected text, got " + frame
                    + (frame.opcode() == CLOSE ? " closing with " + frame.closeCode() : ""));
        }
        return frame.text();
    }

    /** Reads on until a Close comes, which it returns. */
    public Frame nextClose() {
        Frame frame = next();
        while (frame.opcode() != CLOSE) {
            frame = next();
        }
        return frame;
    }

    /**
     * Waits until the server has ended the TCP connection, with a reset or without, and counts the bytes that came before.
     *
     * @throws AssertionError if it does not end it in time
     */
    public int awaitEnd() {
        byte[] part = new byte[64 * 1024];
        int count = 0;
        try {
            for (int length = input.read(part); length >= 0; length = input.read(part)) {
                count += length;
            }
        } catch (SocketTimeoutException stillThere) {
            throw new AssertionError(
                    "the server has not ended the connection; nothing came for " + TIMEOUT_MS + " ms, " + count
                            + " bytes before",
                    stillThere);
        } catch (IOException reset) {
            return count;
        }
        return count;
    }

    /** Ends the TCP connection at once, so that what the server still writes fails. */
    public void reset() {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the TCP connection without a closing handshake. */
    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Socket open(int port, int receiveBufferLength) throws IOException {
        Socket socket = new Socket();
        if (receiveBufferLength > 0) {
            socket.setReceiveBufferSize(receiveBufferLength);
        }
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(TIMEOUT_MS);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MS);
        return socket;
    }

    /** What the server has agreed on of the extensions that were offered; empty if nothing. */
    public String agreed() {
        return agreed;
    }

    private List<String> request(String target, String headers) throws IOException {
        write(("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + headers
                        + "\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
        return readHead();
    }

    private List<String> readHead() throws IOException {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        while (true) {
            int c = readByte();
            if (c == '\n') {
                if (line.isEmpty()) {
                    return lines;
                }
                lines.add(line.toString());
                line.setLength(0);
            } else if (c != '\r') {
                line.append((char) c);
            }
        }
    }

    private static byte[] header(int firstByte, int length, boolean masked) {
        int mask = masked ? 0x80 : 0;
        if (length < 126) {
            return new byte[] {(byte) firstByte, (byte) (mask | length)};
        }
        if (length < 1 << 16) {
            return new byte[] {(byte) firstByte, (byte) (mask | 126), (byte) (length >> 8), (byte) length};
        }
        return ByteBuffer.allocate(10)
                .put((byte) firstByte)
                .put((byte) (mask | 127))
                .putLong(length)
                .array();
    }

    private int readByte() throws IOException {
        int value = input.read();
        if (value < 0) {
            throw new EOFException("the server closed the connection");
        }
        return value;
    }

    private long readNumber(int bytes) throws IOException {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value = value << 8 | readByte();
        }
        return value;
    }
}
