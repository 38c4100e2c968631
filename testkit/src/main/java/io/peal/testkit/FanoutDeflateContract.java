package io.peal.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.PayloadKind;
import io.peal.fanout.CloseCode;
import io.peal.fanout.Compression;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Limits;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** permessage-deflate (RFC 7692) as every adapter does it: once for all. An adapter's test extends this. */
public abstract class FanoutDeflateContract extends FanoutBed {

    private static final int RSV1 = 0x40;
    private static final String OFFER = "permessage-deflate; client_max_window_bits";
    private static final String LONG = "a text that comes again and again, ".repeat(40);
    private static final byte[] TAIL = {0, 0, (byte) 0xff, (byte) 0xff};

    @Test
    final void longMessagesAreCompressedForWhoOffersIt() throws DataFormatException {
        serveCompressed(subscribing(NEWS));
        WebSocketProbe offering = offering(OFFER);
        WebSocketProbe plain = connect();
        awaitEvents("open", 2);
        Inflater window = new Inflater(true); // of a client that would let the server refer to earlier messages
        for (int i = 0; i < 50; i++) {
            bus.publisher().publish(NEWS, i + " " + LONG);
            bus.publisher().publish(NEWS, "short " + i);
            bus.publisher().publish(NEWS, noise(300 + i * 7), PayloadKind.BINARY);
        }
        for (int i = 0; i < 50; i++) {
            WebSocketProbe.Frame compressed = offering.next();
            assertThat(compressed.firstByte()).isEqualTo(WebSocketProbe.FIN | RSV1 | WebSocketProbe.TEXT);
            assertThat(compressed.payload().length).isLessThan(LONG.length() / 4);
            assertThat(inflated(window, compressed.payload())).isEqualTo((i + " " + LONG).getBytes(UTF_8));
            assertThat(offering.nextText()).isEqualTo("short " + i);
            WebSocketProbe.Frame noise = offering.next();
            assertThat(noise.firstByte())
                    .as("what would grow is left as it is")
                    .isEqualTo(WebSocketProbe.FIN | WebSocketProbe.BINARY);
            assertThat(plain.nextText()).isEqualTo(i + " " + LONG);
            assertThat(plain.nextText()).isEqualTo("short " + i);
            assertThat(plain.next().payload()).isEqualTo(noise.payload());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {256, 65_535, 65_536, 1_000_000})
    final void compressedMessagesOfEveryLengthArriveUnchanged(int length) throws DataFormatException {
        serveCompressed(subscribing(NEWS));
        WebSocketProbe client = offering(OFFER);
        awaitEvent("open");
        byte[] payload = new byte[length];
        for (int i = 0; i < length; i++) {
            payload[i] = (byte) ((i * i) >> 9);
        }
        bus.publisher().publish(NEWS, ByteBuffer.wrap(payload), PayloadKind.BINARY);
        WebSocketProbe.Frame frame = client.next();
        byte[] got = (frame.firstByte() & RSV1) != 0 ? inflated(new Inflater(true), frame.payload()) : frame.payload();
        assertThat(got).isEqualTo(payload);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "permessage-deflate | permessage-deflate; client_no_context_takeover",
                "permessage-deflate; server_no_context_takeover"
                        + " | permessage-deflate; client_no_context_takeover; server_no_context_takeover",
                "permessage-deflate; server_max_window_bits=10 | ''",
                "permessage-deflate; server_max_window_bits=10, permessage-deflate"
                        + " | permessage-deflate; client_no_context_takeover",
                "permessage-deflate; server_max_window_bits=15"
                        + " | permessage-deflate; client_no_context_takeover; server_max_window_bits=15",
                "permessage-deflate; nonsense | ''",
                "x-webkit-deflate-frame | ''"
            })
    final void offerIsAnswered(String offer, String answer) {
        serveCompressed(connection -> {});
        assertThat(offering(offer).agreed()).isEqualTo(answer);
    }

    @Test
    final void nothingIsAgreedOnIfCompressionIsOff() {
        serve(connection -> {});
        assertThat(offering(OFFER).agreed()).isEmpty();
    }

    @Test
    final void compressedMessagesOfTheClientReachTheApplication() {
        serveCompressed(connection -> {});
        WebSocketProbe client = offering(OFFER);
        for (int i = 0; i < 3; i++) {
            client.sendFrame(WebSocketProbe.FIN | RSV1 | WebSocketProbe.TEXT, deflated((i + LONG).getBytes(UTF_8)));
            assertThat(awaitEvent("message").detail()).isEqualTo("TEXT " + i + LONG);
        }
        client.sendText("plain");
        assertThat(awaitEvent("message").detail()).isEqualTo("TEXT plain");
        client.sendFrame(WebSocketProbe.FIN | RSV1 | WebSocketProbe.TEXT, new byte[] {0});
        assertThat(awaitEvent("message").detail()).isEqualTo("TEXT ");
    }

    @Test
    final void compressedMessageMayComeInFragments() {
        serveCompressed(connection -> {});
        WebSocketProbe client = offering(OFFER);
        byte[] whole = deflated(LONG.getBytes(UTF_8));
        client.sendFrame(RSV1 | WebSocketProbe.TEXT, Arrays.copyOf(whole, 7));
        client.sendFrame(WebSocketProbe.FIN | WebSocketProbe.PING, new byte[] {1});
        client.sendFrame(WebSocketProbe.FIN, Arrays.copyOfRange(whole, 7, whole.length));
        assertThat(awaitEvent("message").detail()).isEqualTo("TEXT " + LONG);
    }

    @Test
    final void messageThatInflatesBeyondTheLimitIsClosedWith1009() {
        serve(
                options -> options.compression(Compression.shared())
                        .limits(Limits.defaults().inboundMessageLength(10_000)),
                connection -> {});
        closedWith(
                CloseCode.MESSAGE_TOO_BIG,
                WebSocketProbe.FIN | RSV1 | WebSocketProbe.BINARY,
                deflated(new byte[10_001]));
    }

    @Test
    final void whatIsNotCompressedIsClosedWith1007() {
        serveCompressed(connection -> {});
        closedWith(CloseCode.INVALID_PAYLOAD, WebSocketProbe.FIN | RSV1 | WebSocketProbe.TEXT, "plain".getBytes(UTF_8));
    }

    @Test
    final void compressedTextThatIsNotUtf8IsClosedWith1007() {
        serveCompressed(connection -> {});
        closedWith(CloseCode.INVALID_PAYLOAD, WebSocketProbe.FIN | RSV1 | WebSocketProbe.TEXT, deflated(new byte[] {
            'a', (byte) 0xff, 'b'
        }));
    }

    @ParameterizedTest
    @ValueSource(ints = {0x20 | 0x1, 0x10 | 0x2, 0x40 | 0x9, 0x60 | 0x1})
    final void reservedBitsThatWereNotAgreedOnAreClosedWith1002(int bits) {
        serveCompressed(connection -> {});
        closedWith(CloseCode.PROTOCOL_ERROR, WebSocketProbe.FIN | bits, deflated(new byte[] {1}));
    }

    @Test
    final void compressedContinuationIsClosedWith1002() {
        serveCompressed(connection -> {});
        WebSocketProbe client = offering(OFFER);
        client.sendFrame(WebSocketProbe.TEXT, new byte[] {'a'});
        client.sendFrame(WebSocketProbe.FIN | RSV1, new byte[] {'b'});
        assertThat(client.next().closeCode()).isEqualTo(CloseCode.PROTOCOL_ERROR);
    }

    private void serveCompressed(ConnectionHandler handler) {
        serve(options -> options.compression(Compression.shared()), handler);
    }

    private WebSocketProbe offering(String extensions) {
        WebSocketProbe probe = WebSocketProbe.connectOffering(port(), PATH, extensions);
        probes.add(probe);
        return probe;
    }

    private void closedWith(int code, int firstByte, byte[] payload) {
        WebSocketProbe client = offering(OFFER);
        client.sendFrame(firstByte, payload);
        WebSocketProbe.Frame answer = client.next();
        assertThat(answer.opcode()).isEqualTo(WebSocketProbe.CLOSE);
        assertThat(answer.closeCode()).isEqualTo(code);
        assertThat(client.awaitEnd()).as("bytes behind the Close").isZero();
    }

    private static ByteBuffer noise(int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(length).nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static byte[] inflated(Inflater window, byte[] payload) throws DataFormatException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] part = new byte[4096];
        for (byte[] input : new byte[][] {payload, TAIL}) {
            window.setInput(input);
            for (int count = window.inflate(part); count > 0; count = window.inflate(part)) {
                bytes.write(part, 0, count);
            }
        }
        return bytes.toByteArray();
    }

    private static byte[] deflated(byte[] payload) {
        Deflater deflater = new Deflater(6, true);
        deflater.setInput(payload);
        byte[] output = new byte[payload.length + 100];
        int length = deflater.deflate(output, 0, output.length, Deflater.SYNC_FLUSH);
        deflater.end();
        return Arrays.copyOf(output, length - TAIL.length);
    }
}
