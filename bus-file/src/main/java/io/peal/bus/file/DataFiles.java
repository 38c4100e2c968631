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
import org.jspecify.annotations.Nullable;

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

    /** A file that is mapped, and the name under which it was last seen. */
    private record Mapping(DataFile name, Object identity, ByteBuffer memory) {}

    private final BusDirectory directory;
    private final UUID busId;
    private final int segmentLength;
    private final Map<DataFile, Mapping> byName = new HashMap<>(); // guarded by this: of what is in byIdentity
    private final Map<Object, Mapping> byIdentity = new LinkedHashMap<>(64, 0.75f, true); // guarded by this

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
        DataFile name = new DataFile(writerId, number);
        Mapping seen = byName.get(name);
        if (seen != null && isStill(name, seen)) {
            byIdentity.get(seen.identity); // it is the one that was used last
            return seen.memory;
        }
        return find(name);
    }

    /** Forgets the files that are not in the directory any more, as it may be with what lies before {@code oldest}. */
    synchronized void forgetDeleted(long oldest) {
        boolean deleted = byIdentity.values().removeIf(mapping -> {
            long sealedAt = Mapped.getVolatile(mapping.memory, DataLayout.SEALED_AT_AT);
            return sealedAt != DataLayout.OPEN && sealedAt < oldest && isDeleted(mapping.memory);
        });
        if (deleted) {
            byName.values().removeIf(mapping -> !byIdentity.containsKey(mapping.identity));
        }
    }

    /** How many names it knows: never more than files, however often these are used again. */
    synchronized int names() {
        return byName.size();
    }

    private ByteBuffer find(DataFile name) {
        Path file = directory.data(name);
        Object fileKey = SegmentFiles.uninterruptibly(
                file, () -> Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                        .fileKey());
        Object identity = fileKey == null ? file : fileKey;
        Mapping known = byIdentity.get(identity);
        ByteBuffer memory =
                known != null && isStill(name, known) ? known.memory : SegmentFiles.mapReadOnly(file, segmentLength);
        if (!DataSegment.isSegment(memory, busId, name.writerId(), name.number(), segmentLength)) {
            throw DataSegment.damaged(file);
        }
        keep(known, new Mapping(name, identity, memory));
        return memory;
    }

    private void keep(@Nullable Mapping before, Mapping mapping) {
        if (before != null) {
            byName.remove(before.name);
        }
        byIdentity.put(mapping.identity, mapping);
        byName.put(mapping.name, mapping);
        if (byIdentity.size() > CAPACITY) {
            Mapping eldest = byIdentity.values().iterator().next();
            byIdentity.remove(eldest.identity);
            byName.remove(eldest.name);
        }
    }

    private boolean isStill(DataFile name, Mapping mapping) {
        return DataSegment.isSegment(mapping.memory, busId, name.writerId(), name.number(), segmentLength);
    }

    /** Whether there is no such file under the name that stands in it now. */
    private boolean isDeleted(ByteBuffer memory) {
        int writerId = memory.getInt(DataLayout.WRITER_ID_AT);
        long number = memory.getLong(DataLayout.SEGMENT_NUMBER_AT);
        return Files.notExists(directory.data(writerId, number));
    }
}
