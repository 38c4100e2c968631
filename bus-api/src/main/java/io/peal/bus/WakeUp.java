package io.peal.bus;

/**
 * How a reader sleeps without missing anything: it is armed at the end of the log, and goes off once when there is more.
 * While it is not armed nothing happens, and publishers pay nothing for it. Thread-safe.
 *
 * <pre>{@code
 * if (reader.poll(subscriber, 64) == 0 && wakeUp.arm(reader.position())) {
 *     // sleep: the wake-up's runnable will be called
 * }
 * }</pre>
 */
public interface WakeUp extends AutoCloseable {

    /**
     * Lets the runnable be called once, as soon as something behind {@code position} can be read.
     *
     * @return false if something already can; then it is not armed, and the reader should read on
     */
    boolean arm(long position);

    /** Ends it. Idempotent; a call that has begun may still end afterwards. */
    @Override
    void close();
}
