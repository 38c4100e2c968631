package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.BusFullException;
import io.peal.bus.Gap;
import io.peal.bus.Message;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Subscriber;
import io.peal.bus.Subscription;
import io.peal.bus.Topic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** The process whose file system is full, or which may not open many files. It says how that went, a line for each case. */
final class FaultsMain {

    private static final Topic TOPIC = Topic.of("faults");
    private static final int MESSAGES = 3_000;
    private static final int MOST_REFUSALS = 20; // then somebody makes room

    private FaultsMain() {}

    /**
     * Arguments: {@code files}, {@code deleted} or {@code unfinished} and a directory, or {@code full} and directories. In one that is called
     * {@code creation7} the seventh new file does not fit; one that is called {@code room100} is a small file system, in
     * which only 100 KiB are left once the bus is open.
     */
    public static void main(String... args) throws IOException {
        if (args[0].equals("full")) {
            for (String directory : List.of(args).subList(1, args.length)) {
                full(Path.of(directory));
            }
        } else if (args[0].equals("files")) {
            publishAndRead(Path.of(args[1]));
        } else if (args[0].equals("unfinished")) {
            unfinishedIsDeleted(Path.of(args[1]));
        } else {
            deletedWhileItIsBuried(Path.of(args[1]));
        }
        System.out.println("done");
    }

    private static void full(Path directory) throws IOException {
        String name = directory.getFileName().toString();
        Told told = new Told();
        if (name.startsWith("creation")) {
            int creation = Integer.parseInt(name.substring("creation".length()));
            AtomicInteger creations = new AtomicInteger();
            AtomicBoolean full = new AtomicBoolean(true);
            Steps.hook(step -> {
                if (step == Steps.Step.FILE_BEGUN && creations.incrementAndGet() >= creation && full.get()) {
                    told.filesWithoutRoom.incrementAndGet();
                    throw new UncheckedIOException(new IOException("No space left on device"));
                }
            });
            full(directory, told, () -> {}, () -> full.set(false));
        } else {
            int room = Integer.parseInt(name.substring("room".length())) * 1024;
            Path ballast = directory.resolve("ballast");
            Steps.hook(step -> {});
            full(directory.resolve("bus"), told, () -> fillUpTo(room, ballast), () -> SegmentFiles.delete(ballast));
        }
        System.out.println("full " + name + ": " + told);
    }

    /** A replica that publishes and reads and one that only reads, until there has been no room, and then some again. */
    private static void full(Path directory, Told told, Runnable useUpRoom, Runnable makeRoom) {
        try (FileBus bus = openOrMakeRoom(directory, told, makeRoom);
                FileBus other = openOrMakeRoom(directory, told, makeRoom);
                Reader reader = bus.newReader(StartFrom.earliest());
                Reader remote = other.newReader(StartFrom.earliest());
                Subscription subscription = other.subscribe(TOPIC, StartFrom.earliest(), told.subscriber())) {
            useUpRoom.run();
            for (int i = 0; i < MESSAGES; i++) {
                try {
                    bus.publisher().publish(TOPIC, "n".repeat(100));
                    told.published++;
                } catch (BusFullException expected) {
                    told.publisher++;
                }
                if (told.publisher == MOST_REFUSALS) {
                    makeRoom.run();
                }
                told.read(reader);
                told.read(remote);
            }
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (told.delivered.get() < told.published && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            told.oldest = bus.oldest();
        }
    }

    /** Takes all room there is and gives some back: how much there is changes meanwhile, for the bus makes files of its own. */
    private static void fillUpTo(int room, Path ballast) {
        try (FileChannel file = FileChannel.open(ballast, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeWhatFits(file);
            file.truncate(Math.max(0, file.size() - room));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void writeWhatFits(FileChannel file) {
        ByteBuffer page = ByteBuffer.allocate(4 * 1024);
        try {
            while (true) {
                file.write(page.clear());
            }
        } catch (IOException full) {
            // that is what it is for
        }
    }

    /** What others do with files of a process that stands still for a minute while it makes them; here at every third step. */
    private static void unfinishedIsDeleted(Path path) {
        AtomicInteger unfinished = new AtomicInteger();
        AtomicInteger deleted = new AtomicInteger();
        Steps.hook(step -> {
            boolean ofAnyKind = step == Steps.Step.FILE_BEGUN || step == Steps.Step.INDEX_TAKEN;
            if ((ofAnyKind || step == Steps.Step.INDEX_UNFINISHED) && unfinished.incrementAndGet() % 3 == 0) {
                for (Path file : BusDirectory.list(path.resolve("tmp"))) {
                    SegmentFiles.delete(file);
                    deleted.incrementAndGet();
                }
            }
        });
        Told told = new Told();
        full(path, told, () -> {}, () -> {});
        System.out.println(deleted + " deleted; " + told);
    }

    private static FileBus openOrMakeRoom(Path directory, Told told, Runnable makeRoom) {
        try {
            return open(directory, told);
        } catch (BusFullException expected) {
            told.opening++;
            makeRoom.run();
            return open(directory, told);
        }
    }

    /** Who was told that there is no room, and what became of the messages. */
    private static final class Told {

        private final AtomicInteger filesWithoutRoom = new AtomicInteger();
        private final AtomicInteger delivered = new AtomicInteger();
        private final AtomicInteger handlers = new AtomicInteger();
        private int opening;
        private int publisher;
        private int readers;
        private int published;
        private int read;
        private long oldest;

        /** Of another thread, which may be slower than the log is trimmed: it is told what it misses. */
        private Subscriber subscriber() {
            return new Subscriber() {
                @Override
                public void onMessage(Message message) {
                    delivered.incrementAndGet();
                }

                @Override
                public void onGap(Gap gap) {
                    delivered.addAndGet((int) gap.count());
                }
            };
        }

        private void read(Reader reader) {
            try {
                while (reader.poll(message -> read++, 10) > 0) {
                    Thread.onSpinWait();
                }
            } catch (BusException unexpected) {
                readers++;
            }
        }

        @Override
        public String toString() {
            return String.format(
                    "%d files without room; told %d openings, %d times the publisher, %d readers, %d handlers; published %d, read %d, delivered %d; oldest %d",
                    filesWithoutRoom.get(),
                    opening,
                    publisher,
                    readers,
                    handlers.get(),
                    published,
                    read,
                    delivered.get(),
                    oldest);
        }
    }

    /** The segment of a dead writer, which another process deletes in the moment it is to be sealed. */
    private static void deletedWhileItIsBuried(Path path) {
        int deadWriter = 77;
        CountDownLatch buried = new CountDownLatch(1);
        try (FileBus bus = FileBus.at(path)
                .errorHandler(error -> System.out.println("FAILED " + error))
                .open()) {
            BusDirectory directory = BusDirectory.lookAt(path);
            Control control = Control.lookAt(directory);
            Path file = directory.data(deadWriter, 0);
            AtomicBoolean deleted = new AtomicBoolean();
            Steps.hook(step -> {
                if (step == Steps.Step.BURY_FOUND_OPEN) {
                    SegmentFiles.delete(file);
                    deleted.set(true);
                } else if (step == Steps.Step.BURY_SEALED && deleted.get()) {
                    buried.countDown();
                }
            });
            DataSegment.create(
                    directory,
                    control.busId(),
                    deadWriter,
                    0,
                    control.geometry().dataSegmentLength(),
                    SegmentFiles.WITHOUT_REST);
            System.out.println(buried.await(30, TimeUnit.SECONDS) ? "buried" : "FAILED nobody buried it");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static FileBus open(Path directory, Told told) {
        return FileBus.at(directory)
                .errorHandler(error -> {
                    System.out.println("an error handler was told: " + error);
                    told.handlers.incrementAndGet();
                })
                .dataSegmentLength(64 * 1024)
                .indexSegmentSlots(1_024)
                .maxLength(2 * 1024 * 1024L)
                .open();
    }

    private static void publishAndRead(Path directory) {
        try (FileBus bus = FileBus.at(directory)
                .dataSegmentLength(64 * 1024)
                .indexSegmentSlots(64)
                .maxLength(1024 * 1024)
                .open()) {
            int[] read = {0};
            try (Reader reader = bus.newReader(StartFrom.latest())) {
                for (int i = 0; i < 10 * MESSAGES; i++) {
                    bus.publisher().publish(TOPIC, "n".repeat(100));
                    reader.poll(message -> read[0]++, 10);
                }
            }
            System.out.println("read " + read[0]);
        } catch (BusException e) {
            System.out.println("refused " + e.getMessage());
        }
    }
}
