package io.peal.load;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * One TCP connection that HTTP/1.1 requests go through, one after the other. The point is that the caller decides when a
 * new connection is made: where replicas share a port, that is when the kernel chooses one. Not thread-safe.
 */
final class HttpConnection implements AutoCloseable {

    private static final int TIMEOUT_MS = 5_000;
    private static final int MAX_BODY_LENGTH = 1 << 20;

    /**
     * An answer.
     *
     * @param last whether the server closes the connection behind it
     */
    record Response(int status, String body, boolean last) {}

    private final Socket socket;
    private final InputStream input;
    private final String host;

    HttpConnection(InetSocketAddress address) throws IOException {
        socket = new Socket();
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(TIMEOUT_MS);
            socket.connect(address, TIMEOUT_MS);
            input = new BufferedInputStream(socket.getInputStream());
            host = address.getHostString() + ":" + address.getPort();
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    Response request(String method, String target, String body) throws IOException {
        byte[] payload = body.getBytes(StandardCharsets.UTF_8);
        String head = method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: " + payload.length
                + "\r\n\r\n";
        byte[] headBytes = head.getBytes(StandardCharsets.US_ASCII);
        byte[] all = new byte[headBytes.length + payload.length];
        System.arraycopy(headBytes, 0, all, 0, headBytes.length);
        System.arraycopy(payload, 0, all, headBytes.length, payload.length);
        socket.getOutputStream().write(all);
        return readResponse();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private Response readResponse() throws IOException {
        String[] statusLine = readLine().split(" ", 3);
        int length = 0;
        boolean last = false;
        for (String line = readLine(); !line.isEmpty(); line = readLine()) {
            int colon = line.indexOf(':');
            String name = colon > 0 ? line.substring(0, colon).toLowerCase(Locale.ROOT) : "";
            String value = line.substring(colon + 1).strip();
            if (name.equals("content-length")) {
                length = Integer.parseInt(value);
            }
            last |= name.equals("connection") && value.equalsIgnoreCase("close");
        }
        if (length > MAX_BODY_LENGTH) {
            throw new IOException("the answer is " + length + " bytes long");
        }
        byte[] body = input.readNBytes(length);
        if (statusLine.length < 2 || body.length < length) {
            throw new EOFException("the answer broke off");
        }
        return new Response(Integer.parseInt(statusLine[1]), new String(body, StandardCharsets.UTF_8), last);
    }

    private String readLine() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = input.read(); c != '\n'; c = input.read()) {
            if (c < 0) {
                throw new EOFException("the connection was closed");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }
}
