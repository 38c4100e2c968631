package io.peal.fanout;

import java.util.concurrent.CompletionStage;

/** Decides who may connect, before the connection is a WebSocket. Called on event loops: it must not block. */
@FunctionalInterface
public interface Authenticator {

    /**
     * Decides on a request, now or later, on any thread. A client is not kept waiting longer than {@link
     * Limits#upgradeDeadline()}. What fails here is answered 500, and reported.
     */
    CompletionStage<Admission> authenticate(UpgradeRequest request);
}
