package io.peal.examples.notify;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Restarts the replicas one after the other when the process is sent SIGHUP: each drains, and the next one's turn comes
 * when its successor serves. So a new jar or new settings of the machine come into use, and clients always find a replica.
 */
final class RollingRestart {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** What it needs of the supervisor. */
    interface Replicas {

        int count();

        /** The process that serves as a replica, once it is another one than before; null if that takes too long. */
        Process awaitServing(int number, Process before, Duration limit) throws InterruptedException;
    }

    private final Replicas replicas;
    private final AtomicBoolean underWay = new AtomicBoolean();

    RollingRestart(Replicas replicas) {
        this.replicas = replicas;
    }

    /**
     * Lets SIGHUP mean this. The JDK's only way to hear of a signal is a class that compilers warn of, so it is looked up;
     * where there is none, SIGHUP ends the process as ever.
     */
    void onHangUp() {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object restarting = Proxy.newProxyInstance(
                    handler.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
                        new Thread(this::restartAll, "rolling-restart").start();
                        return null;
                    });
            Object hangUp = signal.getConstructor(String.class).newInstance("HUP");
            signal.getMethod("handle", signal, handler).invoke(null, hangUp, restarting);
        } catch (ReflectiveOperationException e) {
            System.err.println("SIGHUP restarts nothing here: " + e);
        }
    }

    private void restartAll() {
        if (!underWay.compareAndSet(false, true)) {
            System.err.println("a rolling restart is under way already");
            return;
        }
        try {
            for (int number = 1; number <= replicas.count(); number++) {
                if (!restart(number)) {
                    System.err.printf(
                            "replica %d does not serve within %d s: the others are left as they are%n",
                            number, PATIENCE.toSeconds());
                    return;
                }
            }
            System.err.println("all replicas are restarted");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            underWay.set(false);
        }
    }

    private boolean restart(int number) throws InterruptedException {
        Process old = replicas.awaitServing(number, null, PATIENCE);
        if (old == null) {
            return false;
        }
        old.toHandle().destroy(); // SIGTERM: it drains, and what it says meanwhile is still read
        return replicas.awaitServing(number, old, PATIENCE) != null;
    }
}
