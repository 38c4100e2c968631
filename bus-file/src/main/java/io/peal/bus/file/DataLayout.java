package io.peal.bus.file;

/**
 * The bytes of a data segment: a header, then the records of one writer, each beginning at a multiple of 64, so that
 * passing over one touches a single cache line. Little-endian.
 *
 * <p>The buckets are what is known of a record without touching it: whoever trims a segment wants to know the bucket of each of its
 * topics, in memory that has long left the caches. So they lie together, one for each place at which a record may begin; what stands
 * where none does means nothing.
 *
 * <pre>
 *     0  i64  magic          8  i32  major version     12  i32  writer id
 *    16  i64  bus id, high  24  i64  bus id, low       32  i64  segment number
 *    40  i32  segment length                           44  i32  CRC-32C of bytes 0 to 43
 *    64  i64  sealed at: a position that no record here is behind, or 0 while records may still be added
 *   128  u16 for each 64 bytes of the segment: the bucket, see {@link TrimmedTopics}, of the topic of the record that begins there
 *   at the next multiple of 4096, records:
 *         0  i32  payload length     4  i32  CRC-32C of byte 8 to the end of the payload
 *         8  i32  writer id         12  u8   version, u8 flags (1: text), u16 topic length
 *        16  i64  topic hash        24  i64  offset of the record among all of its writer
 *        32  i64  timestamp, us     40  topic in UTF-8, then the payload at the next multiple of 8
 * </pre>
 */
final class DataLayout {

    static final long MAGIC = 0x41544144_4c414550L; // "PEALDATA"

    static final int MAGIC_AT = 0;
    static final int MAJOR_AT = 8;
    static final int WRITER_ID_AT = 12;
    static final int BUS_ID_HIGH_AT = 16;
    static final int BUS_ID_LOW_AT = 24;
    static final int SEGMENT_NUMBER_AT = 32;
    static final int SEGMENT_LENGTH_AT = 40;
    static final int CRC_AT = 44;
    static final int SEALED_AT_AT = 64;
    static final long OPEN = 0;

    static final int BUCKETS = 1 << Short.SIZE;
    static final int RECORD_ALIGNMENT = 64;
    static final int RECORD_VERSION = 1;
    static final int FLAG_TEXT = 1;

    private static final int PAGE = 4096;
    private static final int FIRST_BUCKET_AT = 128;
    private static final int PAYLOAD_LENGTH_AT = 0;
    private static final int RECORD_CRC_AT = 4;
    private static final int CHECKED_FROM = 8;
    private static final int RECORD_WRITER_ID_AT = 8;
    private static final int VERSION_AT = 12;
    private static final int FLAGS_AT = 13;
    private static final int TOPIC_LENGTH_AT = 14;
    private static final int TOPIC_HASH_AT = 16;
    private static final int OFFSET_AT = 24;
    private static final int TIMESTAMP_AT = 32;
    private static final int TOPIC_AT = 40;

    private DataLayout() {}

    /** Where the records of a segment begin. */
    static int firstRecordAt(int segmentLength) {
        return alignUp(bucketAt(segmentLength), PAGE);
    }

    /** Where the bucket of a record stands. */
    static int bucketAt(int record) {
        return FIRST_BUCKET_AT + record / RECORD_ALIGNMENT * Short.BYTES;
    }

    /** The bucket of a topic: many topics may share one. */
    static int bucketOf(long topicHash) {
        return (int) (topicHash ^ (topicHash >>> Integer.SIZE)) & (BUCKETS - 1);
    }

    static int payloadLengthAt(int record) {
        return record + PAYLOAD_LENGTH_AT;
    }

    static int crcAt(int record) {
        return record + RECORD_CRC_AT;
    }

    static int checkedFrom(int record) {
        return record + CHECKED_FROM;
    }

    static int writerIdAt(int record) {
        return record + RECORD_WRITER_ID_AT;
    }

    static int versionAt(int record) {
        return record + VERSION_AT;
    }

    static int flagsAt(int record) {
        return record + FLAGS_AT;
    }

    static int topicLengthAt(int record) {
        return record + TOPIC_LENGTH_AT;
    }

    static int topicHashAt(int record) {
        return record + TOPIC_HASH_AT;
    }

    static int offsetAt(int record) {
        return record + OFFSET_AT;
    }

    static int timestampAt(int record) {
        return record + TIMESTAMP_AT;
    }

    static int topicAt(int record) {
        return record + TOPIC_AT;
    }

    /** How far the payload begins behind the record's beginning. */
    static int payloadOffset(int topicLength) {
        return TOPIC_AT + alignUp(topicLength, Long.BYTES);
    }

    /** What a record takes of its segment, padding included. */
    static int recordLength(int topicLength, int payloadLength) {
        return padded(payloadOffset(topicLength) + payloadLength);
    }

    /** The room that so many bytes of a record take. */
    static int padded(int length) {
        return alignUp(length, RECORD_ALIGNMENT);
    }

    private static int alignUp(int value, int alignment) {
        return (value + alignment - 1) & -alignment;
    }
}
