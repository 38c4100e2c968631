package io.peal.bus.file;

import io.peal.bus.BusException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/**
 * The files of data segments that readers of this process have mapped. Thread-safe. Readers keep what they use, so this is
 * asked when one moves to another segment, not for each record.
 *
 * <p>Files are told apart by their identity and not by their name, because a writer uses a file again under another name:
 * then the mapping is still good, and nothing has to be mapped anew. A mapping that falls out of here lives as long as a
 * reader uses it; nothing is ever unmapped under somebody's feet.
 */
final class DataFiles {

    private static final int CAPACITY = 256;

    /** A segment, whatever file it is in. */
    private record Name(int writerId, long number) {}

    private final BusDirectory directory;
    private final UUID busId;
    private final int segmentLength;
    private final Map<Object, ByteBuffer> mapped = new LinkedHashMap<>(64, 0.75f, true) { // guarded by this

                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Object, ByteBuffer> eldest) {
                    return size() > CAPACITY;
                }
            };

    private final Map<Name, Object> identities = new HashMap<>(); // guarded by this: where segments were last seen

    DataFiles(BusDirectory directory, UUID busId, int segmentLength) {
        this.directory = directory;
        this.busId = busId;
        this.segmentLength = segmentLength;
    }

    /**
     * The memory of a segment of some writer.
     *
     * @throws BusException if it is not there, or is something else
     */
    synchronized ByteBuffer memory(int writerId, long number) {
        Name name = new Name(writerId, number);
        Object seenAs = identities.get(name);
        ByteBuffer seen = seenAs == null ? null : mapped.get(seenAs);
        return seen != null && DataSegment.isSegment(seen, busId, writerId, number, segmentLength) ? seen : find(name);
    }

    /** Forgets the files that are not in the directory any more, as it may be with what lies before {@code oldest}. */
    synchronized void forgetDeleted(long oldest) {
        mapped.values().removeIf(memory -> {
            long sealedAt = Mapped.getVolatile(memory, DataLayout.SEALED_AT_AT);
            if (sealedAt == DataLayout.OPEN || sealedAt >= oldest) {
                return false;
            }
            Path file = directory.data(
                    memory.getInt(DataLayout.WRITER_ID_AT), memory.getLong(DataLayout.SEGMENT_NUMBER_AT));
            return Files.notExists(file);
        });
        identities.values().retainAll(mapped.keySet());
    }

    private ByteBuffer find(Name name) {
        Path file = directory.data(name.writerId, name.number);
        Object identity = SegmentFiles.uninterruptibly(
                file, () -> Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                        .fileKey());
        Object key = identity == null ? file : identity;
        ByteBuffer memory = mapped.get(key);
        if (memory == null || !DataSegment.isSegment(memory, busId, name.writerId, name.number, segmentLength)) {
            memory = SegmentFiles.mapReadOnly(file, segmentLength);
            if (!DataSegment.isSegment(memory, busId, name.writerId, name.number, segmentLength)) {
                throw DataSegment.damaged(file);
            }
            mapped.put(key, memory);
        }
        identities.put(name, key);
        return memory;
    }
}
