package io.peal.bus.file;

import io.peal.bus.spi.WakeUps;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * How a publisher wakes those who sleep: it claims each sleeper's bit, and rings at that one's {@link Doorbell}. Nothing
 * here ever blocks, and nothing fails: who cannot be rung is dead, or looks by itself soon. Thread-safe; when nobody
 * sleeps it is not called at all.
 */
final class Bells implements AutoCloseable {

    private final BusDirectory directory;
    private final Control control;
    private final int self;
    private final WakeUps wakeUps;
    private final AtomicReferenceArray<Bell> bells = new AtomicReferenceArray<>(ControlLayout.PARTICIPANTS);

    Bells(BusDirectory directory, Control control, int self, WakeUps wakeUps) {
        this.directory = directory;
        this.control = control;
        this.self = self;
        this.wakeUps = wakeUps;
    }

    /** Wakes everybody who sleeps, because something was published at {@code position}. */
    void ring(long position) {
        for (int word = 0; word < ControlLayout.SLEEPER_WORDS; word++) {
            for (long asleep = control.sleepers(word); asleep != 0; asleep &= asleep - 1) {
                int participant = word * Long.SIZE + Long.numberOfTrailingZeros(asleep);
                if (control.claimSleeper(participant)) {
                    Steps.at(Steps.Step.RING_CLAIMED);
                    wake(participant, position);
                    Steps.at(Steps.Step.RING_RUNG);
                }
            }
        }
    }

    @Override
    public void close() {
        for (int participant = 0; participant < bells.length(); participant++) {
            Bell bell = bells.get(participant);
            if (bell != null) {
                bell.disconnect();
            }
        }
    }

    private void wake(int participant, long position) {
        if (participant == self) {
            wakeUps.fire(position);
        } else {
            bellOf(participant).ring();
        }
    }

    private Bell bellOf(int participant) {
        Bell bell = bells.get(participant);
        if (bell == null) {
            bells.compareAndSet(participant, null, new Bell(participant));
            bell = bells.get(participant);
        }
        return bell;
    }

    /** A connection to one participant's door, made when it is needed. */
    private final class Bell {

        private final int participant;
        private final ByteBuffer ring = ByteBuffer.allocateDirect(1);
        private @Nullable SocketChannel channel; // guarded by this

        Bell(int participant) {
            this.participant = participant;
        }

        synchronized void ring() {
            boolean interrupted = Thread.interrupted(); // an interrupted thread's channels are closed under its hands
            try {
                if (!tryToRing()) { // the participant may be another one than the last time
                    disconnect();
                    if (!tryToRing()) {
                        disconnect();
                    }
                }
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        private boolean tryToRing() {
            try {
                SocketChannel connected = channel;
                if (connected == null) {
                    connected = SocketChannel.open(StandardProtocolFamily.UNIX);
                    channel = connected;
                    connected.configureBlocking(false);
                    if (!connected.connect(UnixDomainSocketAddress.of(directory.door(participant)))) {
                        return false;
                    }
                }
                ring.clear();
                connected.write(ring); // 0 when the door has many rings to read already, which is as good
                return true;
            } catch (IOException | UnsupportedOperationException e) {
                return false;
            }
        }

        private synchronized void disconnect() {
            SocketChannel connected = channel;
            channel = null;
            if (connected != null) {
                try {
                    connected.close();
                } catch (IOException e) {
                    channel = null;
                }
            }
        }
    }
}
