package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Subscriber;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What can be seen of a bus from outside, at one moment. Changes nothing. */
final class Inspection {

    /** Everything there is to say. */
    record Report(
            String directory,
            String format,
            String epoch,
            long createdMs,
            boolean ofThisBoot,
            long oldest,
            long newest,
            long retainedLength,
            long retainedAgeMs,
            int indexSlots,
            int dataSegmentLength,
            long indexFiles,
            long dataFiles,
            List<Participant> participants,
            List<TopicShare> topics,
            List<Sample> lastMessages) {}

    /** One process. Its lag is 0 when it reads nothing. */
    record Participant(
            int slot, int replica, String name, long pid, boolean alive, boolean asleep, long startedMs, long lag) {}

    /** A topic among the messages that were looked at. */
    record TopicShare(String topic, long messages, long bytes, double perSecond) {}

    /** A message, and how it begins. */
    record Sample(
            long position, long timestampUs, int replica, String topic, String kind, int length, String beginning) {}

    /** What a look at every message found. */
    record Verification(long oldest, long newest, long intact, List<String> problems) {}

    private static final int BEGINNING_LENGTH = 60;
    private static final int MOST_PROBLEMS = 100;

    private final Onlooker log;

    /**
     * @throws BusException if there is no bus in the directory, or one of another format
     */
    Inspection(Path directory) {
        this.log = new Onlooker(directory);
    }

    /**
     * @param scanned how many of the newest messages are looked at for topics
     * @param shown how many of the newest messages are reported
     */
    Report report(int scanned, int shown) {
        Control control = log.control();
        long newest = log.newest();
        Scan scan = new Scan(shown);
        read(Math.max(log.oldest() - 1, newest - scanned), newest, scan, new ArrayList<>());
        return new Report(
                log.directory().path().toString(),
                control.format(),
                String.format("%016x", control.epoch()),
                control.createdMs(),
                control.isOfThisBoot(),
                log.oldest(),
                newest,
                control.retention().length(),
                control.retention().ageMs(),
                control.geometry().indexSlots(),
                control.geometry().dataSegmentLength(),
                count(log.directory().allIndex()),
                count(log.directory().allData()),
                participants(newest),
                scan.shares(),
                List.copyOf(scan.last));
    }

    /** Reads every message that is kept. */
    Verification verify() {
        long oldest = log.oldest();
        long newest = log.newest();
        Scan scan = new Scan(0);
        List<String> problems = new ArrayList<>();
        read(oldest - 1, newest, scan, problems);
        checkBuckets(oldest, newest, problems);
        return new Verification(oldest, newest, scan.messages, problems);
    }

    private void read(long from, long to, Scan scan, List<String> problems) {
        scan.trimmedBefore = log.oldest();
        LogReader reader = new LogReader(log, from, null, () -> {}, error -> {
            if (problems.size() < MOST_PROBLEMS) {
                problems.add(String.valueOf(error.getMessage()));
            }
        });
        while (reader.position() < to && reader.poll(scan, 1_024, to) > 0) {
            Thread.onSpinWait();
        }
    }

    /** Whether what is noted beside the records is what they say. */
    private void checkBuckets(long oldest, long newest, List<String> problems) {
        TopicScan scan = new TopicScan(log);
        int[] bucket = new int[1];
        for (long position = oldest; position <= newest && problems.size() < MOST_PROBLEMS; position++) {
            boolean known = scan.bucketsAt(position, 1, bucket) == position
                    && bucket[0] != TopicScan.NO_BUCKET
                    && scan.at(position) == TopicScan.Found.TOPIC;
            if (known && bucket[0] != DataLayout.bucketOf(scan.hash())) {
                problems.add("the message at position " + position
                        + " is not noted for its topic: when it is trimmed, nobody will be told that it was missed");
            }
        }
    }

    private List<Participant> participants(long newest) {
        Control control = log.control();
        List<Participant> participants = new ArrayList<>();
        for (int slot = 0; slot < ControlLayout.PARTICIPANTS; slot++) {
            if (control.isActive(slot)) {
                long readTo = control.readTo(slot);
                participants.add(new Participant(
                        slot,
                        control.writerId(slot),
                        control.name(slot),
                        control.pid(slot),
                        isAlive(slot),
                        control.isAsleep(slot),
                        control.startedMs(slot),
                        readTo == 0 ? 0 : Math.max(0, newest - readTo)));
            }
        }
        return participants;
    }

    /** Whether somebody holds the lock of a slot; a shared lock that we could get says no, and is gone at once. */
    private boolean isAlive(int slot) {
        Path file = log.directory().slotLock(slot);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
                FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true)) {
            return lock == null;
        } catch (IOException missing) {
            return false;
        }
    }

    private static long count(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.count();
        } catch (IOException missing) {
            return 0;
        }
    }

    /** Adds up what a reader hands out. */
    private static final class Scan implements Subscriber {

        private static final class Sum {
            private long messages;
            private long bytes;
        }

        private final Map<String, Sum> byTopic = new HashMap<>();
        private final ArrayDeque<Sample> last = new ArrayDeque<>();
        private final int shown;
        private long trimmedBefore;
        private long messages;
        private long firstUs;
        private long lastUs;

        Scan(int shown) {
            this.shown = shown;
        }

        @Override
        public void onMessage(Message message) {
            Sum sum = byTopic.computeIfAbsent(message.topic().name(), name -> new Sum());
            sum.messages++;
            sum.bytes += message.payloadLength();
            firstUs = messages++ == 0 ? message.timestampUs() : firstUs;
            lastUs = message.timestampUs();
            if (shown > 0) {
                if (last.size() == shown) {
                    last.removeFirst();
                }
                last.addLast(sample(message));
            }
        }

        @Override
        public void onGap(Gap gap) {
            trimmedBefore = Math.max(trimmedBefore, gap.last() + 1);
        }

        List<TopicShare> shares() {
            double seconds = Math.max(1, lastUs - firstUs) / 1e6;
            return byTopic.entrySet().stream()
                    .map(each -> new TopicShare(
                            each.getKey(),
                            each.getValue().messages,
                            each.getValue().bytes,
                            messages < 2 ? 0 : each.getValue().messages / seconds))
                    .sorted(Comparator.comparingLong(TopicShare::messages).reversed())
                    .toList();
        }

        private static Sample sample(Message message) {
            byte[] bytes = message.bytes();
            String beginning = new String(bytes, 0, Math.min(bytes.length, BEGINNING_LENGTH), StandardCharsets.UTF_8);
            return new Sample(
                    message.position(),
                    message.timestampUs(),
                    message.replica(),
                    message.topic().name(),
                    message.kind().name(),
                    bytes.length,
                    beginning.replaceAll("\\p{Cntrl}", "."));
        }
    }
}
