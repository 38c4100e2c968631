package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.Topic;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A process with few file descriptors, which opens a bus with none of them left, with one, and so on. It says what the
 * openings that failed have left behind: each takes a place among the replicas, a lock, threads, descriptors.
 */
final class FewDescriptorsMain {

    private static final Topic TOPIC = Topic.of("descriptors");
    private static final int MOST = 16; // more than an opening takes

    private FewDescriptorsMain() {}

    /** The argument is the directory of the bus. */
    public static void main(String... args) throws Exception {
        Path directory = Path.of(args[0]);
        loadClasses(FileBus.class); // which takes descriptors, too
        loadClasses(BusException.class);
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
                + (descriptors() - before) + " descriptors, threads " + threads);
        try (FileBus bus = FileBus.open(directory)) {
            System.out.println("the next one is in slot " + slotOf(control, bus.replica()));
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
