package io.peal.bus.file;

import io.peal.bus.Topic;
import io.peal.bus.TopicSet;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where each topic's messages are, for readers that are far behind: they go from one to the next instead of looking at
 * every position. Without it, each of ten thousand clients that come back at once would read the whole backlog.
 *
 * <p>Each process has its own, on the heap, four bytes a position. It is made when it is first asked for, grows with the log
 * when it is asked again, and is forgotten when nobody has asked for a while. Thread-safe; a reader never waits: who finds
 * another one extending it looks at the positions themselves meanwhile.
 */
final class TopicIndex {

    /** How many positions are covered at most; what is older is read position by position. */
    private static final int MOST_POSITIONS = 1 << 24;

    private static final int EXTENSION = 1 << 15; // positions that are added by one call, a few milliseconds

    private final LogView log;
    private final ReentrantLock extending = new ReentrantLock();
    private final TopicScan scan; // guarded by extending
    private volatile @Nullable Coverage coverage;
    private volatile boolean used;

    TopicIndex(LogView log) {
        this.log = log;
        this.scan = new TopicScan(log);
    }

    /**
     * What is known of some topics behind {@code position}, extended towards {@code wanted} if need be; null if nothing is
     * known there, or not yet.
     */
    @Nullable
    View from(long position, long wanted, TopicSet topics) {
        used = true;
        Coverage known = coverage;
        if ((known == null || known.end < wanted) && extending.tryLock()) {
            try {
                known = extended(wanted);
            } finally {
                extending.unlock();
            }
        }
        return known != null && known.covers(position + 1) ? known.view(topics.toList()) : null;
    }

    /** Lets go of everything if nobody has asked since the last call. */
    void forgetUnlessUsed() {
        if (!used) {
            coverage = null;
        }
        used = false;
    }

    private Coverage extended(long wanted) {
        Coverage known = coverage;
        if (known == null || wanted - known.base > 2L * MOST_POSITIONS) {
            known = new Coverage(Math.max(log.oldest() - 1, wanted - MOST_POSITIONS));
            coverage = known;
        }
        long end = known.end;
        try {
            for (long last = Math.min(wanted, end + EXTENSION); end < last; end++) {
                TopicScan.Found found = scan.at(end + 1);
                if (found == TopicScan.Found.NOTHING) {
                    break;
                } else if (found == TopicScan.Found.TOPIC) {
                    known.occurrencesOf(scan.hash()).add(known.relative(end + 1), known.relative(log.oldest()));
                } else if (found == TopicScan.Found.LOST) {
                    known.lost.add(known.relative(end + 1), 0);
                }
            }
        } finally {
            known.end = end; // if looking fails, too: what was added must not be added again
        }
        return known;
    }

    /** What is known of the positions from {@code base + 1} to {@code end}. */
    private static final class Coverage {

        private final long base;
        private final ConcurrentHashMap<Long, Occurrences> byHash = new ConcurrentHashMap<>();
        private final Occurrences lost = new Occurrences();
        private volatile long end;

        Coverage(long base) {
            this.base = base;
            this.end = base;
        }

        boolean covers(long position) {
            return position > base && position <= end;
        }

        Occurrences occurrencesOf(long hash) {
            return byHash.computeIfAbsent(hash, key -> new Occurrences());
        }

        int relative(long position) {
            return (int) Math.max(0, position - base);
        }

        /** The end is looked at first: all that is behind it is then in what is looked up. */
        View view(List<Topic> topics) {
            long known = end;
            Stream<Occurrences> found =
                    topics.stream().map(topic -> byHash.get(topic.hash())).filter(Objects::nonNull);
            return new View(this, known, Stream.concat(Stream.of(lost), found).toList());
        }
    }

    /** Where messages of some topics are, and of others that share their hashes, and those that are lost. */
    static final class View {

        private final Coverage coverage;
        private final long end;
        private final List<Occurrences> wanted;

        private View(Coverage coverage, long end, List<Occurrences> wanted) {
            this.coverage = coverage;
            this.end = end;
            this.wanted = wanted;
        }

        /** The last position it knows of. */
        long end() {
            return end;
        }

        /**
         * The next of these messages behind a position, or the position behind the {@linkplain #end() end}. What is trimmed
         * may be missing.
         */
        long nextBehind(long position) {
            long next = end + 1;
            for (int i = 0; i < wanted.size(); i++) {
                int relative = wanted.get(i).firstBehind(coverage.relative(position));
                if (relative != Occurrences.NONE) {
                    next = Math.min(next, coverage.base + relative);
                }
            }
            return next;
        }
    }

    /** Rising numbers: added by one thread at a time, searched by any. */
    static final class Occurrences {

        static final int NONE = -1;

        /** An array that fills up, and is then replaced by a longer one. */
        private static final class Run {

            private final int[] numbers;
            private volatile int size;

            Run(int[] numbers, int size) {
                this.numbers = numbers;
                this.size = size;
            }
        }

        private volatile Run run = new Run(new int[4], 0);

        /** Adds a number; those below {@code needless} may be dropped. */
        void add(int number, int needless) {
            Run current = run;
            int size = current.size;
            if (size == current.numbers.length) {
                int from = insertionPoint(current.numbers, size, needless);
                size -= from;
                current = new Run(Arrays.copyOfRange(current.numbers, from, from + Math.max(4, size * 2)), size);
                run = current;
            }
            current.numbers[size] = number;
            current.size = size + 1; // releases the number to those who search
        }

        /** The first number that is greater, or {@link #NONE}. */
        int firstBehind(int number) {
            Run current = run;
            int size = current.size;
            int at = insertionPoint(current.numbers, size, number + 1);
            return at < size ? current.numbers[at] : NONE;
        }

        private static int insertionPoint(int[] numbers, int size, int number) {
            int found = Arrays.binarySearch(numbers, 0, size, number);
            return found >= 0 ? found : -found - 1;
        }
    }
}
