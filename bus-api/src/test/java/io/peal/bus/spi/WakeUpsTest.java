package io.peal.bus.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.peal.bus.ErrorHandler;
import io.peal.bus.WakeUp;
import org.junit.jupiter.api.Test;

/** Of one thread, in the order that a publisher and a reader could have; {@code announced} is what the publishers look at. */
class WakeUpsTest {

    private long newest;
    private boolean announced;
    private int called;
    private Runnable whileAnnouncing = () -> {};
    private final WakeUps wakeUps = new WakeUps(() -> newest, this::announce, ErrorHandler.logging());
    private final WakeUp wakeUp = wakeUps.add(() -> called++);

    @Test
    void whoIsArmedBehindTheMessageOfALateRingerIsStillAnnounced() {
        newest = 1; // published, and not rung for yet
        assertThat(wakeUp.arm(1)).isTrue(); // it was awake, and has read that
        takeAnnouncement();
        wakeUps.fire(1);
        assertThat(called).isZero();
        assertThat(announced).isTrue();
    }

    @Test
    void whatIsPublishedWhileNobodyIsAnnouncedIsSeenWhenItIsAnnouncedAnew() {
        newest = 1;
        assertThat(wakeUp.arm(1)).isTrue();
        takeAnnouncement();
        whileAnnouncing = () -> newest = 2; // by one who has looked before, and rang for nobody
        wakeUps.fire(1);
        assertThat(called).isEqualTo(1);
    }

    @Test
    void whoIsCalledIsAnnouncedNoMore() {
        assertThat(wakeUp.arm(0)).isTrue();
        newest = 1;
        takeAnnouncement();
        wakeUps.fire(1);
        assertThat(called).isEqualTo(1);
        assertThat(announced).isFalse();
        wakeUps.fire(2);
        assertThat(called).isEqualTo(1);
    }

    private void announce() {
        announced = true;
        whileAnnouncing.run();
    }

    private void takeAnnouncement() {
        assertThat(announced).isTrue();
        announced = false;
    }
}
