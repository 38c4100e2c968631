package io.peal.bus.file;

/** How a replica waits for messages. */
public enum Waiting {

    /** It sleeps and is woken: idle it costs almost nothing, and a message takes some tens of microseconds to wake it. */
    SLEEPING,

    /** It never sleeps: a message takes less than a microsecond, and a thread keeps a core busy. */
    SPINNING
}
