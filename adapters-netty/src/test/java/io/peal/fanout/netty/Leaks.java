package io.peal.fanout.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Tracks every buffer while a test class runs, and fails it if one was dropped without being released. It must come before
 * the first buffer of the JVM is made, so every test class with buffers is extended with it.
 */
final class Leaks implements BeforeAllCallback, AfterAllCallback {

    private static final List<String> REPORTS = new CopyOnWriteArrayList<>();
    private static boolean watching;

    @Override
    public void beforeAll(ExtensionContext context) {
        watch();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        assertNone();
    }

    /** Collects reports from now on; must come before the first buffer is made. */
    private static synchronized void watch() {
        if (!watching) {
            watching = true;
            ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
            ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new ResourceLeakDetectorFactory() {
                @Override
                @SuppressWarnings("deprecation") // abstract in Netty, so it has to be here
                public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> resource, int interval, long max) {
                    return new ReportingDetector<>(resource, interval);
                }

                @Override
                public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> resource, int interval) {
                    return new ReportingDetector<>(resource, interval);
                }
            });
        }
    }

    /** Lets the garbage collector find what nobody holds any more; a report comes with the next buffer that is made. */
    private static void assertNone() {
        for (int i = 0; i < 5; i++) {
            System.gc();
            PooledByteBufAllocator.DEFAULT.directBuffer(16).release();
        }
        assertThat(REPORTS).as("leaks").isEmpty();
    }

    private static final class ReportingDetector<T> extends ResourceLeakDetector<T> {

        ReportingDetector(Class<?> resource, int interval) {
            super(resource, interval);
        }

        @Override
        protected boolean needReport() {
            return true;
        }

        @Override
        protected void reportTracedLeak(String resourceType, String records) {
            REPORTS.add(resourceType + records);
        }

        @Override
        protected void reportUntracedLeak(String resourceType) {
            REPORTS.add(resourceType);
        }
    }
}
