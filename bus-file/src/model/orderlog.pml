/*
 * Publishing, moving to new index segments, trimming and using data and index segments again, by processes that may stop
 * for ever at every step: one that stops is one that is not run any more, and everything claimed here has to hold at every
 * moment, whoever goes on. Names of steps and invariants are OrderLog's.
 *
 *     spin -search -O2 -DCOLLAPSE -m1000000 orderlog.pml
 *     spin -DREADER -search -O2 -DCOLLAPSE -m1000000 orderlog.pml
 *
 * Two writers publish two messages each; or one publishes four, and somebody reads; somebody else makes a segment ahead of need. A writer has a data segment with room for one record, so it has to wait until
 * the log is trimmed before it can publish again. An index segment has two slots; a free one holds the number of its
 * segment. A segment's file is a new one, or that of a trimmed segment, which is taken from its name, made free slot by
 * slot and given the new name, while others still have it mapped as what it was. A file of one name may be made, deleted
 * and, by a process that was stopped before it made it, made once more. Memory is sequentially consistent here; what weaker
 * memory could do is the stress tests' matter.
 */

#ifdef READER
#define WRITERS  1
#define MESSAGES 4
#else
#define WRITERS  2
#define MESSAGES 2
#endif
#define TRIMS    2
#define SLOTS    2
#define SEGMENTS 3
#define LAST     5              /* the last position of the last segment */
#define FILES    7              /* how many may be made */
#define NONE     255
#define RECORD   16             /* what is greater is a record's descriptor: this and the writer */

byte slot[14]                   /* [file * SLOTS + slot]: the number of the segment while it is free, or a descriptor */
byte named[SEGMENTS]            /* which file has the name of the segment, NONE if no file has */
byte made                       /* how many files were made */
byte hint                       /* a full position, or 0 */
byte oldest = 1                 /* where the log begins */

byte record[WRITERS]            /* what the writer's data segment holds: the number of a message */
byte sealed[WRITERS]            /* 0 while records may be added */

byte truth[6]                   /* what was published at a position: writer * 16 + number + 1 */
byte newest                     /* the last position that was published */

/* A file of a trimmed segment, which only this process can name now, becomes that of another segment. */
inline reuse(segment) {
    slot[mapped * SLOTS] = segment;
    slot[mapped * SLOTS + 1] = segment;
    atomic {                    /* link(2): fails if another was faster */
        if
        :: named[segment] == NONE -> named[segment] = mapped
        :: else -> skip
        fi
    }
}

/* The file of a segment, made if there is none; `mapped' is NONE if the segment is trimmed. */
inline open(segment) {
    if
    :: (segment + 1) * SLOTS <= oldest -> mapped = NONE
    :: else ->
        if
        :: atomic { named[segment] != NONE -> mapped = named[segment] }
        :: atomic { named[segment] == NONE -> skip };
            if
            :: atomic {         /* a new file, which nobody can see before it has its name */
                    if
                    :: named[segment] == NONE ->
                        assert(made < FILES);
                        slot[made * SLOTS] = segment;
                        slot[made * SLOTS + 1] = segment;
                        named[segment] = made;
                        made++
                    :: else -> skip
                    fi
                }
            :: atomic {         /* rename(2): one process gets it */
                    (segment > 0 && named[0] != NONE && SLOTS <= oldest) ->
                    mapped = named[0];
                    named[0] = NONE
                };
                reuse(segment)
            :: atomic {
                    (segment > 1 && named[1] != NONE && 2 * SLOTS <= oldest) ->
                    mapped = named[1];
                    named[1] = NONE
                };
                reuse(segment)
            fi;
            mapped = named[segment]     /* NONE if it was trimmed meanwhile */
        fi;
        if                      /* looked at again, because it may have come back from the dead */
        :: (segment + 1) * SLOTS <= oldest -> named[segment] = NONE; mapped = NONE
        :: else -> skip
        fi
    fi
}

proctype Writer(byte me) {
    byte message, position, mapped;
    byte held = NONE, number;   /* the file that it has mapped as that segment, whatever has become of it */
    bool done;
    do
    :: message < MESSAGES ->
        if                      /* P2: room, or used again when the log begins behind its bound */
        :: message == 0 -> skip
        :: message > 0 && sealed[me] != 0 && sealed[me] < oldest -> sealed[me] = 0
        :: message > 0 && (sealed[me] == 0 || sealed[me] >= oldest) -> break
        fi;
        record[me] = message + 1;       /* P3 */
        position = (hint + 1 > oldest -> hint + 1 : oldest);    /* P4 */
        done = false;
        do
        :: !done ->
            if
            :: position > LAST -> goto over
            :: else -> skip
            fi;
            if
            :: held != NONE && number == position / SLOTS -> mapped = held
            :: else -> open(position / SLOTS); held = mapped; number = position / SLOTS
            fi;
            if
            :: mapped == NONE -> position = (hint + 1 > oldest -> hint + 1 : oldest)
            :: else ->
                atomic {        /* P5 */
                    if
                    :: slot[mapped * SLOTS + position % SLOTS] == position / SLOTS ->
                        slot[mapped * SLOTS + position % SLOTS] = RECORD + me;
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
        if                      /* P6 */
        :: hint = (position > hint -> position : hint)
        :: skip
        fi;
        sealed[me] = newest;    /* P7: nothing more of the segment gets into the index */
        message++
    :: else -> break
    od;
over:
    skip
}

proctype Janitor() {
    byte begin, segment, trims;
    do
    :: trims < TRIMS ->
        begin = newest;                 /* or one behind it: the log may become empty (I5) */
        if :: begin++ :: begin > 0 -> skip fi;
        oldest = (begin > oldest -> begin : oldest);
        segment = 0;
        do
        :: segment < SEGMENTS ->
            if
            :: (segment + 1) * SLOTS <= oldest -> named[segment] = NONE
            :: else -> skip
            fi;
            segment++
        :: else -> break
        od;
        trims++
    :: else -> break
    od
}

/* Makes the last segment ahead of need, of the file of a trimmed one perhaps: others may still have that mapped as what it was. */
proctype Preparer() {
    byte mapped;
end:
    if
    :: oldest >= (SEGMENTS - 1) * SLOTS -> open(SEGMENTS - 1)
    fi
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
            seen = slot[mapped * SLOTS + next % SLOTS];         /* R1 */
            if
            :: seen == next / SLOTS -> break
            :: else ->
                if                              /* R3 */
                :: seen >= RECORD -> copy = record[seen - RECORD]
                :: else -> copy = 0             /* a free slot of a later segment */
                fi;
                if                              /* R4 */
                :: oldest > next -> next = oldest
                :: else ->
                    assert(seen >= RECORD && truth[next] == (seen - RECORD) * 16 + copy);       /* I2 */
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
        assert(slot[named[p / SLOTS] * SLOTS + p % SLOTS] == RECORD + truth[p] / 16);
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
#ifdef READER
        run Reader();
#else
        run Writer(1);
#endif
        run Preparer();
        run Janitor()
    };
    d_step { allFound() }       /* at any moment */
}
