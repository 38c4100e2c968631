/*
 * Sleeping and waking: step P8 of OrderLog, and WakeUps, Bells and Doorbell. Publishers may stop for ever at every step.
 *
 *     spin -search -O2 -E doorbell.pml
 *
 * In each process a reader reads what the publishers of all processes publish. A reader that has read everything arms its
 * wake-up there, announces its process with a bit, looks once more, and sleeps until the wake-up is fired. A publisher that
 * finds a bit set clears it, and whoever has cleared it fires in its own process, or rings at the other one's door, whose
 * thread fires then. Firing wakes a reader that is armed before the newest message; for one that is armed behind it the bit is
 * set anew. What is checked: if no publisher died, no reader sleeps at the end with a message it has not read. One that died
 * between clearing a bit and ringing may leave somebody asleep: that is what the safety timeout is for, which is not modelled.
 */

#define PROCESSES  2
#define PUBLISHERS 2
#define NOT_ARMED  99

byte published                      /* the newest position */
byte asleep                         /* a bit for each process */
byte rings[PROCESSES]               /* bytes waiting at the door; the door holds one at least */
byte read[PROCESSES]
byte armed[PROCESSES]               /* where the wake-up is armed */
bool woken[PROCESSES]
bool died                           /* whether a publisher stopped between its steps */

inline announce(me) { atomic { asleep = asleep | (1 << me) } }

/* WakeUps.fire in process me, for what is published up to a position. */
inline fire(me, upTo) {
    do
    :: true ->
        atomic {
            if
            :: armed[me] < upTo -> armed[me] = NOT_ARMED; woken[me] = true
            :: else -> skip
            fi
        };
        if
        :: armed[me] == NOT_ARMED -> break
        :: else -> skip
        fi;
        announce(me);
        if
        :: published > upTo -> upTo = published
        :: else -> break
        fi
    od
}

inline mayDie() { if :: true -> died = true; goto dead :: true -> skip fi }

proctype Publisher(byte own) {
    byte position, upTo, seen, i;
    atomic { published++; position = published };   /* P5 */
    mayDie();
    seen = asleep;                                  /* P8 */
    i = 0;
    do
    :: i < PROCESSES ->
        if
        :: (seen >> i) & 1 ->
            bool mine = false;
            atomic {
                mine = (asleep >> i) & 1;
                asleep = asleep & ~(1 << i)
            };
            mayDie();
            if
            :: mine && i == own -> upTo = position; fire(i, upTo)
            :: mine && i != own && rings[i] == 0 -> rings[i] = 1
            :: else -> skip     /* another one's duty, or the door has a ring already */
            fi;
            mine = false
        :: else -> skip
        fi;
        i++
    :: else -> break
    od;
dead:
    position = 0; upTo = 0; seen = 0; i = 0    /* so that states differ in nothing that is of no use any more */
}

proctype Door(byte me) {
    byte upTo;
end:
    do
    :: rings[me] > 0 ->
        rings[me] = 0;
        upTo = published;
        fire(me, upTo);
        upTo = 0
    od
}

proctype Reader(byte me) {
    do
    :: read[me] < published -> read[me] = published
    :: else ->
        woken[me] = false;
        armed[me] = read[me];
        announce(me);
        if
        :: read[me] < published -> armed[me] = NOT_ARMED    /* looked once more: the bit may stay, a needless ring does no harm */
        :: else ->
end:        woken[me]
        fi
    od
}

init {
    byte i;
    atomic {
        i = 0;
        do
        :: i < PROCESSES -> armed[i] = NOT_ARMED; i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < PUBLISHERS -> run Publisher(i % PROCESSES); i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < PROCESSES -> run Door(i); run Reader(i); i++
        :: else -> break
        od
    };
end:
    timeout;
    i = 0;
    do
    :: i < PROCESSES ->
        assert(read[i] == published || died);
        i++
    :: else -> break
    od
}
