package io.peal.bus.file;

import io.peal.bus.Batch;
import io.peal.bus.BusException;
import io.peal.bus.Reader;
import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import io.peal.testkit.Recording;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A process that has no file descriptor left, or few, and says what became of the bus. */
final class FewDescriptorsMain {

    private static final Topic TOPIC = Topic.of("descriptors");
    private static final Topic OTHER = Topic.of("other");
    private static final int MOST = 16; // more than an opening takes
    private static final int MESSAGES = 4_000;
    private static final int SEGMENT_LENGTH = 64 * 1024; // so that they fill many

    private FewDescriptorsMain() {}

    /** Arguments: {@code opening} or {@code using}, and the directory of the bus. */
    public static void main(String... args) throws Exception {
        Path directory = Path.of(args[1]);
        loadClasses(FileBus.class); // which takes descriptors, too
        loadClasses(BusException.class);
        loadClasses(Recording.class);
        if (args[0].equals("opening")) {
            open(directory);
        } else {
            use(directory);
        }
    }

    /** Opens a bus with no descriptor, with one, and so on: each opening takes a place among the replicas, a lock, threads. */
    private static void open(Path directory) throws IOException {
        openAndClose(directory);
        int before = descriptors();
        int refused = 0;
        for (int free = 0; free < MOST; free++) {
            List<FileChannel> taken = takeAllBut(free);
            try {
                openAndClose(directory);
            } catch (BusException expected) {
                refused++;
            } finally {
                for (FileChannel each : taken) {
                    each.close();
                }
            }
        }
        Control control = Control.lookAt(BusDirectory.lookAt(directory));
        long places = IntStream.range(0, ControlLayout.PARTICIPANTS)
                .filter(control::isActive)
                .count();
        List<String> threads = Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("peal-"))
                .sorted()
                .toList();
        System.out.println((refused > 0 ? "some" : "none") + " failed, which left " + places + " places, "
                + moreDescriptorsThan(before) + " descriptors, threads " + threads);
        try (FileBus bus = FileBus.open(directory)) {
            System.out.println("the next one is in slot " + slotOf(control, bus.replica()));
        }
    }

    /**
     * What cannot be opened now is not lost, and not old, and nobody may delete or trim it. Here are no threads that open and
     * close files by themselves, but for the one that makes a spare segment.
     */
    private static void use(Path path) throws IOException {
        FileBus.at(path).dataSegmentLength(SEGMENT_LENGTH).open().close();
        BusDirectory directory = BusDirectory.lookAt(path);
        Control control =
                Control.openOrCreate(directory, Control.lookAt(directory).geometry());
        Recording all = new Recording();
        Recording ofTopic = new Recording();
        List<Throwable> errors = Collections.synchronizedList(new ArrayList<>());
        try (LogHome writing = new LogHome(directory, control, "writing", errors::add);
                LogHome reading = new LogHome(directory, control, "reading", errors::add);
                Reader reader = new LogReader(reading.log(), 0, null, () -> {}, errors::add);
                Reader readerOfTopic = new LogReader(reading.log(), 0, TopicSet.of(TOPIC), () -> {}, errors::add)) {
            Disk disk = new Disk(directory, control, writing.log());
            Batch batch = new Batch();
            for (int i = 0; i < MESSAGES; i++) {
                batch.add(i % 4 == 0 ? TOPIC : OTHER, "n".repeat(100));
            }
            writing.log().publish(batch);
            reader.poll(all, MESSAGES / 2); // so that some of the files are open

            List<FileChannel> taken = takeAllForGood();
            Set<String> refused = new TreeSet<>();
            for (int i = 0; i < 3; i++) {
                refuse(refused, "reading", () -> reader.poll(all, MESSAGES));
                refuse(refused, "catching up", () -> readerOfTopic.poll(ofTopic, MESSAGES));
                refuse(refused, "age", () -> writing.log().firstYoungerThan(1));
                refuse(refused, "seal", () -> new Seals(directory)
                        .of(new DataFile(writing.membership().writerId(), 0)));
                refuse(refused, "durability", () -> disk.awaitUpTo(MESSAGES));
            }
            for (FileChannel each : taken) {
                each.close();
            }
            System.out.println("refused " + refused);
            poll(reader, all);
            poll(readerOfTopic, ofTopic);
            disk.awaitUpTo(MESSAGES);
            System.out.println("then read " + all.texts().size() + " and "
                    + ofTopic.texts().size() + ", gaps "
                    + (all.gaps().size() + ofTopic.gaps().size()) + ", errors " + errors);
            writing.stop();
            reading.stop();
        }
    }

    /** Until nobody gives any back. */
    private static List<FileChannel> takeAllForGood() throws IOException {
        List<FileChannel> taken = new ArrayList<>();
        int before;
        do {
            before = taken.size();
            taken.addAll(takeAllBut(0));
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
            taken.addAll(takeAllBut(0));
        } while (taken.size() > before);
        return taken;
    }

    private static void poll(Reader reader, Recording recording) {
        while (reader.poll(recording, MESSAGES) > 0) {
            Thread.onSpinWait();
        }
    }

    private static void refuse(Set<String> refused, String what, Runnable action) {
        try {
            action.run();
        } catch (BusException expected) {
            refused.add(what);
        }
    }

    private static void openAndClose(Path directory) {
        try (FileBus bus = FileBus.open(directory)) {
            bus.publisher().publish(TOPIC, "of who had luck");
        }
    }

    private static int slotOf(Control control, int replica) {
        return IntStream.range(0, ControlLayout.PARTICIPANTS)
                .filter(slot -> control.isActive(slot) && control.writerId(slot) == replica)
                .findFirst()
                .orElseThrow();
    }

    private static List<FileChannel> takeAllBut(int free) throws IOException {
        List<FileChannel> taken = new ArrayList<>();
        try {
            while (true) {
                taken.add(FileChannel.open(Path.of("/dev/null"), StandardOpenOption.READ));
            }
        } catch (IOException none) {
            for (int i = 0; i < free; i++) {
                taken.remove(taken.size() - 1).close();
            }
            return taken;
        }
    }

    /** The JVM itself opens a file now and then: what is left behind stays. */
    private static int moreDescriptorsThan(int before) {
        int more = descriptors() - before;
        for (int i = 0; more != 0 && i < 100; i++) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            more = descriptors() - before;
        }
        return more;
    }

    private static int descriptors() {
        String[] names = Path.of("/proc/self/fd").toFile().list();
        return names == null ? 0 : names.length;
    }

    /** All classes that were compiled together with this one, unless they are in a file that is open anyway. */
    private static void loadClasses(Class<?> one) throws Exception {
        Path root =
                Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI());
        if (!Files.isDirectory(root)) {
            return;
        }
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".class")).toList()) {
                String name = root.relativize(file).toString().replace('/', '.');
                if (!name.endsWith("-info.class")) {
                    Class.forName(name.substring(0, name.length() - ".class".length()));
                }
            }
        }
    }
}
