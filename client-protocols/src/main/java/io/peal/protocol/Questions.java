package io.peal.protocol;

import io.peal.bus.ErrorHandler;
import io.peal.fanout.Connection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What an application is asked about a client, and may answer later on any thread. What it answers is heard on the client's
 * event loop, at once if it is there already; a failure is reported, and heard as null. Belongs to that event loop.
 */
final class Questions {

    private final Connection connection;
    private final ErrorHandler errorHandler;
    private final Runnable onAnswered;
    private boolean waiting;

    /** @param onAnswered is run behind each answer that came later */
    Questions(Connection connection, ErrorHandler errorHandler, Runnable onAnswered) {
        this.connection = connection;
        this.errorHandler = errorHandler;
        this.onAnswered = onAnswered;
    }

    /** Whether there is a question that everything else waits for. */
    boolean isWaiting() {
        return waiting;
    }

    /** Asks what everything else waits for. */
    <T> void askFirst(Supplier<CompletionStage<T>> question, Consumer<@Nullable T> then) {
        waiting = true;
        ask(question, answer -> {
            waiting = false;
            then.accept(answer);
        });
    }

    /** Asks what nothing waits for. */
    <T> void ask(Supplier<CompletionStage<T>> question, Consumer<@Nullable T> then) {
        CompletableFuture<T> answer = put(question);
        if (answer.isDone()) {
            then.accept(valueOf(answer));
        } else {
            answer.whenComplete((value, failure) -> connection.execute(() -> {
                then.accept(valueOf(answer));
                onAnswered.run();
            }));
        }
    }

    private static <T> CompletableFuture<T> put(Supplier<CompletionStage<T>> question) {
        try {
            return question.get().toCompletableFuture();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private <T> @Nullable T valueOf(CompletableFuture<T> done) {
        return done.handle((value, failure) -> {
                    if (failure != null) {
                        errorHandler.onError(failure);
                    }
                    return value;
                })
                .join();
    }
}
