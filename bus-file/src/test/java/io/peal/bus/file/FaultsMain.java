package io.peal.bus.file;

import io.peal.bus.BusException;
import io.peal.bus.BusFullException;
import io.peal.bus.Reader;
import io.peal.bus.StartFrom;
import io.peal.bus.Topic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** The process whose file system is full, or which may not open many files. It says how that went, a line for each case. */
final class FaultsMain {

    private static final Topic TOPIC = Topic.of("faults");
    private static final int MESSAGES = 3_000;

    private FaultsMain() {}

    /** Arguments: {@code full}, {@code files} or {@code deleted}, and a directory. */
    public static void main(String... args) {
        Path directory = Path.of(args[1]);
        if (args[0].equals("full")) {
            for (int creation = 1; creation <= 12; creation++) {
                fullFrom(creation, directory.resolve("bus" + creation));
            }
        } else if (args[0].equals("files")) {
            publishAndRead(directory);
        } else {
            deletedWhileItIsBuried(directory);
        }
        System.out.println("done");
    }

    /** From the n-th new file on there is no room; in the end there is again. */
    private static void fullFrom(int creation, Path directory) {
        AtomicInteger creations = new AtomicInteger();
        AtomicBoolean full = new AtomicBoolean(true);
        AtomicInteger withoutRoom =
                new AtomicInteger(); // which the publisher need not notice: old room may be used again
        Steps.hook(step -> {
            if (step == Steps.Step.FILE_BEGUN && creations.incrementAndGet() >= creation && full.get()) {
                withoutRoom.incrementAndGet();
                throw new UncheckedIOException(new IOException("No space left on device"));
            }
        });
        int refusals = 0;
        try {
            FileBus bus = open(directory);
            bus.close();
        } catch (BusFullException expected) {
            refusals++;
            full.set(false);
        }
        try (FileBus bus = open(directory);
                Reader reader = bus.newReader(StartFrom.earliest())) {
            int[] read = {0};
            long published = 0;
            for (int i = 0; i < MESSAGES; i++) {
                try {
                    bus.publisher().publish(TOPIC, "n".repeat(100));
                    published++;
                } catch (BusFullException expected) {
                    refusals++;
                    full.set(refusals < 20);
                }
                reader.poll(message -> read[0]++, 10);
            }
            while (reader.poll(message -> read[0]++, 10) > 0) {
                Thread.onSpinWait();
            }
            System.out.println("full from file " + creation + ": without room " + withoutRoom + ", refused " + refusals
                    + ", oldest " + bus.oldest() + ", published " + published + ", read " + read[0]
                    + (read[0] == published ? ", complete" : ", incomplete"));
        } catch (BusFullException stillFull) {
            System.out.println("full from file " + creation + ": cannot be opened, complete");
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
                    control.geometry().dataSegmentLength());
            System.out.println(buried.await(30, TimeUnit.SECONDS) ? "buried" : "FAILED nobody buried it");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static FileBus open(Path directory) {
        return FileBus.at(directory)
                .dataSegmentLength(64 * 1024)
                .indexSegmentSlots(1_024)
                .maxLength(64 * 1024 * 1024L)
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
