package io.peal.bus.file;

/**
 * The bytes of the control file: what all replicas share besides the log itself. Little-endian.
 *
 * <pre>
 *     0  i64  magic               8  i32  major version      12  i32  minor version
 *    16  i64  bus id, high       24  i64  bus id, low
 *    32  i64  created, ms        40  i64  hash of the boot id
 *    48  i32  log2 of the slots of an index segment          52  i32  length of a data segment
 *    56  i64  feature bits       64  i64  epoch
 *    72  i32  CRC-32C of bytes 0 to 71
 *         the rest of the header is written once; each number below has a cache line pair of its own
 *   128  i64  tail hint: a position whose slot is full; the end of the log is near
 *   256  i64  oldest position that is kept
 *   384  i32  next writer id
 *   512  i64  x 4  a bit for each participant that sleeps and wants to be woken
 *   640  i64  retained length in bytes     648  i64  retained age in ms, 0 for any
 *   768  i64  when the janitor was last at work, ms
 *   896  i64  checkpoint: everything up to this position is on the disk
 *  4096 + n * 128  participant n of 256:
 *         0  i32  state (0 free, 1 active)    4  i32  writer id
 *         8  i64  process id (for people)    16  i64  started, ms
 *        24  u8   length of the name         25  64 bytes of name, UTF-8
 *        96  i64  position up to which its slowest reader had read a moment ago, 0 if it reads nothing
 * </pre>
 */
final class ControlLayout {

    static final int LENGTH = 64 * 1024;
    static final long MAGIC = 0x53554231_4c414550L; // "PEAL1BUS"
    static final int MAJOR = 3;
    static final int MINOR = 0;

    static final int MAGIC_AT = 0;
    static final int MAJOR_AT = 8;
    static final int MINOR_AT = 12;
    static final int BUS_ID_HIGH_AT = 16;
    static final int BUS_ID_LOW_AT = 24;
    static final int CREATED_MS_AT = 32;
    static final int BOOT_ID_AT = 40;
    static final int INDEX_SLOTS_LOG2_AT = 48;
    static final int DATA_SEGMENT_LENGTH_AT = 52;
    static final int FEATURES_AT = 56;
    static final int EPOCH_AT = 64;
    static final int CRC_AT = 72;
    static final int TAIL_HINT_AT = 128;
    static final int OLDEST_AT = 256;
    static final int NEXT_WRITER_ID_AT = 384;
    static final int SLEEPERS_AT = 512;
    static final int SLEEPER_WORDS = 4;
    static final int RETAINED_LENGTH_AT = 640;
    static final int RETAINED_AGE_MS_AT = 648;
    static final int JANITOR_BEAT_MS_AT = 768;
    static final int CHECKPOINT_AT = 896;

    static final int PARTICIPANTS = 256;
    static final int STATE_FREE = 0;
    static final int STATE_ACTIVE = 1;
    static final int STATE_AT = 0;
    static final int WRITER_ID_AT = 4;
    static final int PID_AT = 8;
    static final int STARTED_MS_AT = 16;
    static final int NAME_LENGTH_AT = 24;
    static final int NAME_AT = 25;
    static final int NAME_CAPACITY = 64;
    static final int READ_TO_AT = 96;

    private static final int FIRST_PARTICIPANT_AT = 4096;
    private static final int PARTICIPANT_LENGTH = 128;

    private ControlLayout() {}

    static int sleeperWordAt(int participant) {
        return SLEEPERS_AT + (participant >>> 6) * Long.BYTES;
    }

    static int participantAt(int number) {
        return FIRST_PARTICIPANT_AT + number * PARTICIPANT_LENGTH;
    }
}
