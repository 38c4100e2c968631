package io.peal.load.run;

/** What is asked of a server over the time of a run, once the clients are connected. */
public enum Scenario {
    /** The same rate all the time. */
    STEADY,
    /** Clients come evenly over four fifths of the time, while messages flow. */
    RAMP,
    /** The rate doubles at each fifth of the time: the last one is sixteen times the first. */
    STRESS,
    /** Ten times the rate in the sixth tenth of the time. */
    SPIKE,
    /** All clients are cut off at one third and at two thirds of the time, and come back at once. */
    STORM;

    /** Whether clients are there before messages flow. */
    boolean connectsFirst() {
        return this != RAMP;
    }

    /**
     * How many clients there should be.
     *
     * @param part of the time that is over, from 0 to 1
     */
    int clients(double part, int all) {
        return this == RAMP ? (int) Math.min(all, Math.ceil(all * part / 0.8)) : all;
    }

    /** How many times the given rate is to be published. */
    double rateFactor(double part) {
        return switch (this) {
            case STRESS -> 1 << Math.min(4, (int) (part * 5));
            case SPIKE -> part >= 0.5 && part < 0.6 ? 10 : 1;
            case STEADY, RAMP, STORM -> 1;
        };
    }

    /** How many storms there should have been. */
    int storms(double part) {
        return this == STORM ? Math.min(2, (int) (part * 3)) : 0;
    }
}
