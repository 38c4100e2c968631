package io.peal.testkit;

import io.peal.bus.BusException;
import io.peal.bus.BusFullException;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.PayloadKind;
import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link ProcessBus} and its process say to each other: frames of a length and bytes, over the process's standard
 * input and output.
 *
 * <pre>
 * request   i64 number, i64 lane (the asking thread), name of {@link Op}, arguments
 * answer    i64 number, u8 0 and a result, or u8 1 and a refusal
 * event     i64 0, i64 subscription, name of {@link Event}, its content
 * </pre>
 */
final class BusWire {

    enum Op {
        PUBLISH,
        PUBLISH_BATCH,
        NEW_READER,
        POLL,
        CLOSE_READER,
        SUBSCRIBE,
        NEW_WAKE_UP,
        ARM,
        CLOSE_WAKE_UP,
        CLOSE_SUBSCRIPTION,
        POSITION,
        WHY_UNUSABLE,
        WHEN_UNUSABLE,
        CLOSE
    }

    enum Event {
        MESSAGE,
        GAP,
        AVAILABLE,
        UNUSABLE
    }

    /** Writes the content of one frame. */
    @FunctionalInterface
    interface Content {
        void writeTo(DataOutputStream out) throws IOException;
    }

    private BusWire() {}

    static byte[] frame(Content content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            content.writeTo(new DataOutputStream(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static void send(DataOutputStream out, byte[] frame) throws IOException {
        synchronized (out) {
            out.writeInt(frame.length);
            out.write(frame);
            out.flush();
        }
    }

    static DataInputStream receive(DataInputStream in) throws IOException {
        return new DataInputStream(new ByteArrayInputStream(readBytes(in)));
    }

    static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    static byte[] readBytes(DataInputStream in) throws IOException {
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        return bytes;
    }

    /** What is to be published, and where. */
    static void writeContent(DataOutputStream out, Topic topic, PayloadKind kind, ByteBuffer payload)
            throws IOException {
        byte[] copy = new byte[payload.remaining()];
        payload.get(payload.position(), copy);
        out.writeUTF(topic.name());
        out.writeUTF(kind.name());
        writeBytes(out, copy);
    }

    static void writeMessage(DataOutputStream out, Message message) throws IOException {
        out.writeLong(message.position());
        out.writeInt(message.replica());
        out.writeLong(message.timestampUs());
        out.writeUTF(message.topic().name());
        out.writeUTF(message.kind().name());
        writeBytes(out, message.bytes());
    }

    static Message readMessage(DataInputStream in) throws IOException {
        long position = in.readLong();
        int replica = in.readInt();
        long timestampUs = in.readLong();
        Topic topic = Topic.of(in.readUTF());
        PayloadKind kind = PayloadKind.valueOf(in.readUTF());
        return new InMemoryLog.Entry(position, replica, topic, kind, readBytes(in), timestampUs);
    }

    static void writeGap(DataOutputStream out, Gap gap) throws IOException {
        out.writeLong(gap.first());
        out.writeLong(gap.last());
    }

    static Gap readGap(DataInputStream in) throws IOException {
        return new Gap(in.readLong(), in.readLong());
    }

    static void writeTopics(DataOutputStream out, @Nullable TopicSet topics) throws IOException {
        List<Topic> all = topics == null ? List.of() : topics.toList();
        out.writeInt(topics == null ? -1 : all.size());
        for (Topic topic : all) {
            out.writeUTF(topic.name());
        }
    }

    static @Nullable List<Topic> readTopics(DataInputStream in) throws IOException {
        int size = in.readInt();
        List<Topic> topics = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            topics.add(Topic.of(in.readUTF()));
        }
        return size < 0 ? null : topics;
    }

    static void writeStart(DataOutputStream out, StartFrom startFrom) throws IOException {
        if (startFrom instanceof StartFrom.After after) {
            out.writeUTF(after.position().toString());
        } else {
            out.writeUTF(startFrom instanceof StartFrom.Earliest ? "earliest" : "latest");
        }
    }

    static StartFrom readStart(DataInputStream in) throws IOException {
        String start = in.readUTF();
        return switch (start) {
            case "earliest" -> StartFrom.earliest();
            case "latest" -> StartFrom.latest();
            default -> StartFrom.after(Position.parse(start));
        };
    }

    static void writeRefusal(DataOutputStream out, RuntimeException refusal) throws IOException {
        out.writeUTF(
                refusal instanceof PositionUnavailableException p ? p.reason().name() : "");
        out.writeUTF(refusal.getClass().getName());
        out.writeUTF(String.valueOf(refusal.getMessage()));
    }

    static RuntimeException readRefusal(DataInputStream in) throws IOException {
        String reason = in.readUTF();
        String type = in.readUTF();
        String message = in.readUTF();
        if (!reason.isEmpty()) {
            return new PositionUnavailableException(PositionUnavailableException.Reason.valueOf(reason), message);
        }
        if (type.equals(IllegalArgumentException.class.getName())) {
            return new IllegalArgumentException(message);
        }
        if (type.equals(IllegalStateException.class.getName())) {
            return new IllegalStateException(message);
        }
        return type.equals(BusFullException.class.getName())
                ? new BusFullException(message, null)
                : new BusException(type + ": " + message);
    }
}
