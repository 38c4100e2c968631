package io.peal.bus.file;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The numbered steps at which crash tests let a process die, stop or fail. In production a call of {@link #at} is
 * nothing: the JIT compiler drops it, because {@link #ENABLED} is a constant.
 */
final class Steps {

    /** A place in the code, named after what has just been done. */
    enum Step {
        JOIN_LOCKED,
        JOIN_NUMBERED,
        JOIN_ENTERED,
        PUBLISH_RESERVED,
        PUBLISH_HALF_WRITTEN,
        PUBLISH_WRITTEN,
        PUBLISH_FOUND_TAIL,
        PUBLISH_VISIBLE,
        PUBLISH_HINTED,
        PUBLISH_SEALED,
        RING_CLAIMED,
        RING_RUNG,
        SLEEP_ANNOUNCED,
        SLEEP_WOKEN,
        ROLL_BEGUN,
        ROLL_DONE,
        SPARE_CREATED,
        RECYCLE_CLEARED,
        RECYCLE_RENAMED,
        FILE_BEGUN,
        INDEX_TAKEN,
        INDEX_UNFINISHED,
        INDEX_LINKED,
        INDEX_CHECKED,
        TRIM_DECIDED,
        TRIM_NOTED,
        TRIM_RAISED,
        TRIM_INDEX_DELETED,
        TRIM_DATA_DELETED,
        BURY_LOCKED,
        BURY_FREED,
        BURY_FOUND_OPEN,
        BURY_SEALED,
        LEAVE_SEALED,
        LEAVE_FREED
    }

    private static final boolean ENABLED = Boolean.getBoolean("io.peal.bus.file.steps");

    private static volatile @Nullable Consumer<Step> hook;

    private Steps() {}

    /** A step has been done. */
    static void at(Step step) {
        if (ENABLED) {
            Consumer<Step> current = hook;
            if (current != null) {
                current.accept(step);
            }
        }
    }

    /** For tests, in a JVM that was started with the property {@code io.peal.bus.file.steps}. */
    static void hook(Consumer<Step> newHook) {
        if (!ENABLED) {
            throw new IllegalStateException("start the JVM with -Dio.peal.bus.file.steps=true");
        }
        hook = newHook;
    }
}
