package io.peal.bus.aeron;

import io.peal.bus.Gap;
import io.peal.bus.Reader;
import io.peal.bus.Subscriber;
import io.peal.bus.TopicSet;
import io.peal.bus.file.ReplayWindow;
import org.jspecify.annotations.Nullable;

/**
 * A cursor over this replica's window, which it fills itself when it has read everything. Not thread-safe.
 */
final class AeronReader implements Reader {

    private final Feeder feeder;
    private final Runnable checkOpen;
    private final @Nullable TopicSet topics;
    private ReplayWindow window;
    private Reader reader;

    AeronReader(Feeder feeder, ReplayWindow window, long position, @Nullable TopicSet topics, Runnable checkOpen) {
        this.feeder = feeder;
        this.window = window;
        this.topics = topics;
        this.checkOpen = checkOpen;
        this.reader = window.newReader(position, topics, checkOpen);
    }

    @Override
    public int poll(Subscriber subscriber, int limit, long last) {
        int passed = reader.poll(subscriber, limit, last);
        if (passed == 0 && feeder.feed() > 0) {
            passed = reader.poll(subscriber, limit, last);
        }
        if (passed == 0 && window != feeder.window() && reader.position() < last) {
            return goToNextWindow(subscriber);
        }
        return passed;
    }

    @Override
    public long position() {
        return reader.position();
    }

    @Override
    public void close() {
        reader.close();
    }

    /** What is between two windows could not be had. */
    private int goToNextWindow(Subscriber subscriber) {
        long before = reader.position();
        reader.close();
        window = feeder.window();
        long begin = Math.max(before, window.begin());
        reader = window.newReader(begin, topics, checkOpen);
        if (begin > before) {
            subscriber.onGap(new Gap(before + 1, begin));
        }
        return 1;
    }
}
