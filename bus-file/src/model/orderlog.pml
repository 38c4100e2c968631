/*
 * Publishing, moving to new index segments, trimming and using data segments again, by processes that may stop for ever
 * at every step. Names of steps and invariants are OrderLog's.
 *
 *     spin -search -O2 -DCOLLAPSE -m1000000 orderlog.pml
 *
 * Two writers publish two messages each. A writer has a data segment with room for one record, so it has to wait until
 * the log is trimmed before it can publish again. An index segment has two slots; a file of that name may be made, deleted
 * and, by a process that was stopped while it made it, made once more: each time it is another file, and who has mapped an
 * old one keeps that. Memory is sequentially consistent here; what weaker memory could do is the stress tests' matter.
 */

#define WRITERS  2
#define MESSAGES 2
#define TRIMS    2
#define SLOTS    2
#define SEGMENTS 3
#define LAST     5              /* the last position of the last segment */
#define FILES    4              /* how often the file of one segment may be made */
#define NONE     255

byte slot[24]                   /* [(segment * FILES + file) * SLOTS + slot]: 0, or the writer + 1 */
byte named[SEGMENTS]            /* which file has the name of the segment, NONE if no file has */
byte made[SEGMENTS]             /* how many files were made for it */
byte hint                       /* a full position, or 0 */
byte oldest = 1                 /* where the log begins */

byte record[WRITERS]            /* what the writer's data segment holds: the number of a message */
byte sealed[WRITERS]            /* 0 while records may be added */

byte truth[6]                   /* what was published at a position: writer * 16 + number + 1 */
byte newest                     /* the last position that was published */

inline die() { if :: true -> goto dead :: true -> skip fi }

/* The file of a segment, made if there is none; `mapped' is NONE if the segment is trimmed. */
inline open(segment) {
    if
    :: (segment + 1) * SLOTS <= oldest -> mapped = NONE
    :: else ->
        if
        :: atomic { named[segment] != NONE -> mapped = named[segment] }
        :: atomic { named[segment] == NONE -> skip };
            die();
            atomic {            /* link(2): fails if another was faster */
                if
                :: named[segment] == NONE ->
                    assert(made[segment] < FILES);
                    named[segment] = made[segment];
                    made[segment]++
                :: else -> skip
                fi;
                mapped = named[segment]
            }
        fi;
        die();
        if                      /* looked at again, because it may have come back from the dead */
        :: (segment + 1) * SLOTS <= oldest -> named[segment] = NONE; mapped = NONE
        :: else -> skip
        fi
    fi
}

proctype Writer(byte me) {
    byte message, position, mapped;
    bool done;
    do
    :: message < MESSAGES ->
        if                      /* P2: room, or used again when the log begins behind its bound */
        :: message == 0 -> skip
        :: message > 0 && sealed[me] != 0 && sealed[me] < oldest -> sealed[me] = 0
        :: message > 0 && (sealed[me] == 0 || sealed[me] >= oldest) -> break
        fi;
        die();
        record[me] = message + 1;       /* P3 */
        die();
        position = (hint + 1 > oldest -> hint + 1 : oldest);    /* P4 */
        done = false;
        do
        :: !done ->
            if
            :: position > LAST -> goto dead
            :: else -> skip
            fi;
            open(position / SLOTS);
            die();
            if
            :: mapped == NONE -> position = (hint + 1 > oldest -> hint + 1 : oldest)
            :: else ->
                atomic {        /* P5 */
                    if
                    :: slot[(position / SLOTS * FILES + mapped) * SLOTS + position % SLOTS] == 0 ->
                        slot[(position / SLOTS * FILES + mapped) * SLOTS + position % SLOTS] = me + 1;
                        assert(truth[position] == 0);           /* I1: no position is given twice */
                        assert(position == newest + 1);         /* I3: no hole */
                        truth[position] = me * 16 + record[me];
                        newest = position;
                        done = true
                    :: else -> position++
                    fi
                }
            fi
        :: done -> break
        od;
        die();
        if                      /* P6 */
        :: hint = (position > hint -> position : hint)
        :: skip
        fi;
        die();
        sealed[me] = newest;    /* P7: nothing more of the segment gets into the index */
        message++
    :: else -> break
    od;
dead:
    skip
}

proctype Janitor() {
    byte begin, segment, trims;
    do
    :: trims < TRIMS ->
        begin = newest;                 /* or one behind it: the log may become empty (I5) */
        if :: begin++ :: begin > 0 -> skip fi;
        die();
        oldest = (begin > oldest -> begin : oldest);
        die();
        segment = 0;
        do
        :: segment < SEGMENTS ->
            if
            :: (segment + 1) * SLOTS <= oldest -> named[segment] = NONE; die()
            :: else -> skip
            fi;
            segment++
        :: else -> break
        od;
        trims++
    :: else -> break
    od;
dead:
    skip
}

proctype Reader() {
    byte next = 1, mapped, seen, copy;
    do
    :: next <= LAST ->
        mapped = named[next / SLOTS];
        if
        :: mapped == NONE && oldest > next -> next = oldest
        :: mapped == NONE && oldest <= next -> break            /* the end, for this reader */
        :: else ->
            seen = slot[(next / SLOTS * FILES + mapped) * SLOTS + next % SLOTS];        /* R1 */
            if
            :: seen == 0 -> break
            :: else ->
                copy = record[seen - 1];        /* R3 */
                if                              /* R4 */
                :: oldest > next -> next = oldest
                :: else ->
                    assert(truth[next] == (seen - 1) * 16 + copy);      /* I2 */
                    next++
                fi
            fi
        fi
    :: else -> break
    od
}

/* Whatever was published and is not trimmed can be found by whoever looks now. */
inline allFound() {
    p = oldest;
    do
    :: p <= newest ->
        assert(named[p / SLOTS] != NONE);
        assert(slot[(p / SLOTS * FILES + named[p / SLOTS]) * SLOTS + p % SLOTS] == truth[p] / 16 + 1);
        p++
    :: else -> break
    od
}

init {
    byte p;
    atomic {
        p = 0;
        do
        :: p < SEGMENTS -> named[p] = NONE; p++
        :: else -> break
        od;
        run Writer(0);
        run Writer(1);
        run Janitor();
        run Reader()
    };
    timeout;
    d_step { allFound() }
}
