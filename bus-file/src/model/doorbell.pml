/*
 * Sleeping and waking: step P8 of OrderLog, and WakeUps and Bells. Publishers may stop for ever at every step.
 *
 *     spin -search -O2 -E doorbell.pml
 *
 * Two sleepers read what two publishers publish. A sleeper that has read everything sets its bit, looks once more, and
 * sleeps until its door is rung. A publisher that finds a bit set clears it, and whoever has cleared it rings. What is
 * checked: if no publisher died, no sleeper sleeps at the end with a message it has not read. One that died between
 * clearing a bit and ringing may leave somebody asleep: that is what the safety timeout is for, which is not modelled.
 */

#define SLEEPERS   2
#define PUBLISHERS 2

byte published                  /* the newest position */
byte asleep                     /* a bit for each sleeper */
byte rings[SLEEPERS]            /* bytes waiting at the door; the door holds one at least */
byte read[SLEEPERS]
bool blocked[SLEEPERS]
byte died                       /* publishers that stopped between their steps */

inline mayDie() { if :: true -> died++; goto dead :: true -> skip fi }

proctype Publisher() {
    byte seen, i;
    published++;                /* P5 */
    mayDie();
    seen = asleep;              /* P8 */
    i = 0;
    do
    :: i < SLEEPERS ->
        if
        :: (seen >> i) & 1 ->
            bool mine = false;
            atomic {
                mine = (asleep >> i) & 1;
                asleep = asleep & ~(1 << i)
            };
            mayDie();
            if
            :: mine && rings[i] == 0 -> rings[i] = 1
            :: else -> skip     /* another one's duty, or the door has a ring already */
            fi;
            mayDie()
        :: else -> skip
        fi;
        i++
    :: else -> break
    od;
dead:
    skip
}

proctype Sleeper(byte me) {
    do
    :: read[me] < published -> read[me] = published
    :: else ->
        atomic { asleep = asleep | (1 << me) };
        if
        :: read[me] < published -> skip         /* looked once more: the bit may stay, a needless ring does no harm */
        :: else ->
            blocked[me] = true;
            rings[me] > 0;
            rings[me] = 0;
            blocked[me] = false
        fi
    od
}

init {
    byte i;
    atomic {
        i = 0;
        do
        :: i < PUBLISHERS -> run Publisher(); i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < SLEEPERS -> run Sleeper(i); i++
        :: else -> break
        od
    };
end:
    timeout;
    i = 0;
    do
    :: i < SLEEPERS ->
        assert(blocked[i]);
        assert(read[i] == published || died > 0);
        i++
    :: else -> break
    od
}
