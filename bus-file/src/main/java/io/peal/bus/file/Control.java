package io.peal.bus.file;

import io.peal.bus.BusException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** The control file, mapped: made by whoever comes first, checked by everybody. Thread-safe. */
final class Control {

    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private final Path file;
    private final ByteBuffer memory;

    Control(Path file, ByteBuffer memory) {
        this.file = file;
        this.memory = memory;
    }

    /** Opens the control file of a directory; makes it with {@code geometry} if there is none. */
    static Control openOrCreate(BusDirectory directory, Geometry geometry) {
        Path file = directory.control();
        Path unfinished = directory.unfinished();
        SegmentFiles.createIfMissing(
                file, unfinished, () -> SegmentFiles.create(unfinished, header(geometry), ControlLayout.LENGTH));
        Control control = new Control(file, SegmentFiles.map(file, ControlLayout.LENGTH));
        control.check();
        Recovery.runIfNeeded(directory, control);
        return control;
    }

    /** The control file of a directory that is only looked at. */
    static Control lookAt(BusDirectory directory) {
        Path file = directory.control();
        if (Files.notExists(file)) {
            throw new BusException(directory.path() + " is not a bus: it has no control file");
        }
        Control control = new Control(file, SegmentFiles.mapReadOnly(file, ControlLayout.LENGTH));
        control.check();
        return control;
    }

    Geometry geometry() {
        return new Geometry(
                memory.getInt(ControlLayout.INDEX_SLOTS_LOG2_AT), memory.getInt(ControlLayout.DATA_SEGMENT_LENGTH_AT));
    }

    long epoch() {
        return memory.getLong(ControlLayout.EPOCH_AT);
    }

    UUID busId() {
        return new UUID(memory.getLong(ControlLayout.BUS_ID_HIGH_AT), memory.getLong(ControlLayout.BUS_ID_LOW_AT));
    }

    /** A position whose slot is full, or 0: the end of the log is not before it. */
    long tailHint() {
        return Mapped.getOpaque(memory, ControlLayout.TAIL_HINT_AT);
    }

    void raiseTailHint(long position) {
        Mapped.raise(memory, ControlLayout.TAIL_HINT_AT, position);
    }

    /** The oldest position that is kept. */
    long oldest() {
        return Math.max(1, Mapped.getVolatile(memory, ControlLayout.OLDEST_AT));
    }

    /** Lets the log begin at {@code position}, unless it begins later already: to be done before anything is deleted. */
    void raiseOldest(long position) {
        Mapped.raise(memory, ControlLayout.OLDEST_AT, position);
    }

    Retention retention() {
        return new Retention(
                Mapped.getVolatile(memory, ControlLayout.RETAINED_LENGTH_AT),
                Mapped.getVolatile(memory, ControlLayout.RETAINED_AGE_MS_AT));
    }

    void retainUnlessDecided(long length) {
        Mapped.compareAndSet(memory, ControlLayout.RETAINED_LENGTH_AT, 0, length);
    }

    void retainLength(long length) {
        Mapped.setVolatile(memory, ControlLayout.RETAINED_LENGTH_AT, length);
    }

    void retainAge(long ageMs) {
        Mapped.setVolatile(memory, ControlLayout.RETAINED_AGE_MS_AT, ageMs);
    }

    /** The position up to which everything is on the disk. */
    long checkpoint() {
        return Mapped.getVolatile(memory, ControlLayout.CHECKPOINT_AT);
    }

    void raiseCheckpoint(long position) {
        Mapped.raise(memory, ControlLayout.CHECKPOINT_AT, position);
    }

    /** For a recovery: nobody is there, and the log is what was found of it. */
    void beginAnew(long oldest, long newest, int greatestWriterId) {
        for (int participant = 0; participant < ControlLayout.PARTICIPANTS; participant++) {
            leave(participant);
        }
        Mapped.setVolatile(memory, ControlLayout.OLDEST_AT, oldest);
        Mapped.setVolatile(memory, ControlLayout.TAIL_HINT_AT, newest < oldest ? 0 : newest);
        Mapped.setVolatile(memory, ControlLayout.CHECKPOINT_AT, newest);
        Mapped.setVolatile(memory, ControlLayout.JANITOR_BEAT_MS_AT, 0);
        int next = Math.max(Mapped.getIntVolatile(memory, ControlLayout.NEXT_WRITER_ID_AT), greatestWriterId);
        Mapped.setIntVolatile(memory, ControlLayout.NEXT_WRITER_ID_AT, next);
    }

    /**
     * For a recovery, when all is done: from now on it is a bus of this boot, in another life. One write does it, so that a
     * process which is killed has done it or not.
     */
    void stamp() {
        ByteBuffer header =
                ByteBuffer.allocate(ControlLayout.CRC_AT + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.put(0, memory, 0, header.capacity());
        header.putLong(ControlLayout.BOOT_ID_AT, bootId());
        header.putLong(ControlLayout.EPOCH_AT, ThreadLocalRandom.current().nextLong());
        header.putInt(ControlLayout.CRC_AT, headerCrc(header));
        SegmentFiles.overwriteBeginning(file, header);
    }

    long janitorBeatMs() {
        return Mapped.getVolatile(memory, ControlLayout.JANITOR_BEAT_MS_AT);
    }

    void beatAsJanitor(long nowMs) {
        Mapped.setVolatile(memory, ControlLayout.JANITOR_BEAT_MS_AT, nowMs);
    }

    /** A participant is about to sleep, and wants its bell to be rung. */
    void announceSleep(int participant) {
        Mapped.getAndBitwiseOr(memory, ControlLayout.sleeperWordAt(participant), 1L << participant);
        Steps.at(Steps.Step.SLEEP_ANNOUNCED);
    }

    /** The participants of a word that sleep, as bits. */
    long sleepers(int word) {
        return Mapped.getVolatile(memory, ControlLayout.SLEEPERS_AT + word * Long.BYTES);
    }

    boolean isAnyoneAsleep() {
        return (sleepers(0) | sleepers(1) | sleepers(2) | sleepers(3)) != 0;
    }

    /** Takes over the duty to wake a participant; false if somebody else has it, or it does not sleep. */
    boolean claimSleeper(int participant) {
        long bit = 1L << participant;
        return (Mapped.getAndBitwiseAnd(memory, ControlLayout.sleeperWordAt(participant), ~bit) & bit) != 0;
    }

    long createdMs() {
        return memory.getLong(ControlLayout.CREATED_MS_AT);
    }

    String format() {
        return memory.getInt(ControlLayout.MAJOR_AT) + "." + memory.getInt(ControlLayout.MINOR_AT);
    }

    long pid(int participant) {
        return memory.getLong(ControlLayout.participantAt(participant) + ControlLayout.PID_AT);
    }

    long startedMs(int participant) {
        return memory.getLong(ControlLayout.participantAt(participant) + ControlLayout.STARTED_MS_AT);
    }

    /** What people call a participant. */
    String name(int participant) {
        int at = ControlLayout.participantAt(participant);
        int length = Math.min(memory.get(at + ControlLayout.NAME_LENGTH_AT) & 0xff, ControlLayout.NAME_CAPACITY);
        byte[] utf8 = new byte[length];
        memory.get(at + ControlLayout.NAME_AT, utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    /** The position up to which a participant's slowest reader had read a moment ago, 0 if it reads nothing. */
    long readTo(int participant) {
        return Mapped.getOpaque(memory, ControlLayout.participantAt(participant) + ControlLayout.READ_TO_AT);
    }

    void tellReadTo(int participant, long position) {
        Mapped.setRelease(memory, ControlLayout.participantAt(participant) + ControlLayout.READ_TO_AT, position);
    }

    boolean isAsleep(int participant) {
        return (sleepers(participant >>> 6) & 1L << participant) != 0;
    }

    boolean isActive(int participant) {
        return Mapped.getIntVolatile(memory, ControlLayout.participantAt(participant) + ControlLayout.STATE_AT)
                == ControlLayout.STATE_ACTIVE;
    }

    int writerId(int participant) {
        return Mapped.getIntVolatile(memory, ControlLayout.participantAt(participant) + ControlLayout.WRITER_ID_AT);
    }

    /** Whether nobody has buried this participant; cheap enough to be asked before each publication. */
    boolean isStill(int participant, int writerId) {
        return Mapped.getIntOpaque(memory, ControlLayout.participantAt(participant) + ControlLayout.WRITER_ID_AT)
                == writerId;
    }

    int takeWriterId() {
        int id = Mapped.getAndAddInt(memory, ControlLayout.NEXT_WRITER_ID_AT, 1) + 1;
        if (id < 1 || id > Descriptor.MAX_WRITER_ID) {
            throw new BusException(file + " has numbered " + Descriptor.MAX_WRITER_ID
                    + " replicas and has no number left: move the service to a new directory");
        }
        return id;
    }

    void enter(int participant, int writerId, String name) {
        int at = ControlLayout.participantAt(participant);
        memory.putLong(at + ControlLayout.PID_AT, ProcessHandle.current().pid());
        memory.putLong(at + ControlLayout.STARTED_MS_AT, System.currentTimeMillis());
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        memory.put(at + ControlLayout.NAME_LENGTH_AT, (byte) utf8.length);
        memory.put(at + ControlLayout.NAME_AT, utf8);
        Mapped.setIntVolatile(memory, at + ControlLayout.WRITER_ID_AT, writerId);
        Mapped.setIntVolatile(memory, at + ControlLayout.STATE_AT, ControlLayout.STATE_ACTIVE);
    }

    void leave(int participant) {
        int at = ControlLayout.participantAt(participant);
        Mapped.setIntVolatile(memory, at + ControlLayout.WRITER_ID_AT, 0);
        Mapped.setIntVolatile(memory, at + ControlLayout.STATE_AT, ControlLayout.STATE_FREE);
        claimSleeper(participant);
    }

    private void check() {
        if (memory.getLong(ControlLayout.MAGIC_AT) != ControlLayout.MAGIC) {
            throw new BusException(file + " is not the control file of a bus: choose another directory");
        }
        int major = memory.getInt(ControlLayout.MAJOR_AT);
        if (major != ControlLayout.MAJOR) {
            throw new BusException(file + " has format " + major + ", this release reads format " + ControlLayout.MAJOR
                    + ": use a new directory for the new release");
        }
        if (memory.getInt(ControlLayout.CRC_AT) != headerCrc(memory)
                || !geometry().isSane()) {
            throw new BusException(file + " is damaged: stop all replicas and remove the directory");
        }
        long features = memory.getLong(ControlLayout.FEATURES_AT);
        if (features != 0) {
            throw new BusException(String.format(
                    "%s needs features %x that this release does not have: use a newer release", file, features));
        }
    }

    /** Whether it was made since the machine was last started. */
    boolean isOfThisBoot() {
        return memory.getLong(ControlLayout.BOOT_ID_AT) == bootId()
                && memory.getInt(ControlLayout.CRC_AT) == headerCrc(memory); // not in the middle of being stamped
    }

    private static ByteBuffer header(Geometry geometry) {
        UUID busId = UUID.randomUUID();
        ByteBuffer header =
                ByteBuffer.allocate(ControlLayout.CRC_AT + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(ControlLayout.MAGIC_AT, ControlLayout.MAGIC);
        header.putInt(ControlLayout.MAJOR_AT, ControlLayout.MAJOR);
        header.putInt(ControlLayout.MINOR_AT, ControlLayout.MINOR);
        header.putLong(ControlLayout.BUS_ID_HIGH_AT, busId.getMostSignificantBits());
        header.putLong(ControlLayout.BUS_ID_LOW_AT, busId.getLeastSignificantBits());
        header.putLong(ControlLayout.CREATED_MS_AT, System.currentTimeMillis());
        header.putLong(ControlLayout.BOOT_ID_AT, bootId());
        header.putInt(ControlLayout.INDEX_SLOTS_LOG2_AT, geometry.indexSlotsLog2());
        header.putInt(ControlLayout.DATA_SEGMENT_LENGTH_AT, geometry.dataSegmentLength());
        header.putLong(ControlLayout.EPOCH_AT, ThreadLocalRandom.current().nextLong());
        header.putInt(ControlLayout.CRC_AT, headerCrc(header));
        return header;
    }

    private static int headerCrc(ByteBuffer header) {
        return new Checksum().of(header.duplicate(), 0, ControlLayout.CRC_AT);
    }

    /** Identity of the machine's current run, 0 where the system does not tell. */
    private static long bootId() {
        try {
            return UUID.fromString(Files.readString(BOOT_ID).strip()).getMostSignificantBits();
        } catch (IOException notLinux) {
            return 0;
        }
    }
}
