package io.peal.fanout;

/**
 * So many events in a second, and so many at once: the generic cell rate algorithm, whose whole state is one time. That
 * state is the caller's, so one rate serves any number of connections. Immutable.
 */
final class Rate {

    private static final long SECOND_NS = 1_000_000_000L;

    private final long intervalNs;
    private final long toleranceNs;

    /** @param perSecond 0 for no limit */
    Rate(int perSecond, int burst) {
        this.intervalNs = perSecond == 0 ? 0 : Math.max(1, SECOND_NS / perSecond);
        this.toleranceNs = intervalNs * burst;
    }

    /** The state before the first event. */
    static long initial() {
        return System.nanoTime();
    }

    /** The state with one more event. */
    long next(long state, long nowNs) {
        return (state - nowNs > 0 ? state : nowNs) + intervalNs;
    }

    /** Whether the event that led to a state was one too many. */
    boolean isExceeded(long next, long nowNs) {
        return next - nowNs > toleranceNs;
    }
}
