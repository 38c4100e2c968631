package io.peal.fanout;

import io.peal.bus.Position;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;

/** Who may come in, and how many: decided for each upgrade request, before its connection costs anything. Thread-safe. */
final class Entrance {

    /** In a second, which may bring it to another replica. */
    private static final Map<String, String> COME_BACK = Map.of("Retry-After", "1", "Connection", "close");

    private final Fanout fanout;
    private final ConnectionCap cap;
    private final Limits limits;
    private final OriginPolicy origins;
    private final Authenticator authenticator;
    private final Rate rate;
    private final AtomicLong rateState = new AtomicLong(Rate.initial());

    Entrance(Fanout fanout, ConnectionCap cap, OriginPolicy origins, Authenticator authenticator) {
        this.fanout = fanout;
        this.cap = cap;
        this.limits = fanout.limits();
        this.origins = origins;
        this.authenticator = authenticator;
        this.rate = new Rate(limits.upgradesPerSecond(), Math.max(1, limits.upgradesPerSecond()));
    }

    CompletionStage<Admission> admit(UpgradeRequest request) {
        return decide(request).thenApply(admission -> {
            if (admission instanceof Admission.Refused refused) {
                tell(refused);
            }
            return admission;
        });
    }

    /** Takes a place for a client that is answered now; several may have been admitted at the same time. */
    Entry enter(Admission.Accepted accepted) {
        Position answeredAt = fanout.bus().position();
        if (cap.take()) {
            return new Place(cap, answeredAt, accepted.attachment(), false);
        }
        Admission.Refused full = full();
        tell(full);
        return full;
    }

    private void tell(Admission.Refused refused) {
        fanout.signals().refused(refused.status(), refused.reason());
    }

    private CompletionStage<Admission> decide(UpgradeRequest request) {
        Admission.Refused noHandshake = Handshake.problemOf(request);
        if (noHandshake != null) {
            return done(noHandshake);
        }
        if (!fanout.isAccepting()) {
            return later("the server is going away\n");
        }
        if (cap.isReached()) {
            return done(full());
        }
        if (isTooFast()) {
            return later("the server gets more than " + limits.upgradesPerSecond() + " upgrades a second\n");
        }
        String origin = request.header("Origin");
        if (!origins.allows(origin, request.header("Host"))) {
            return done(Admission.refuse(403, "pages of this origin may not connect\n"));
        }
        return authenticate(request).exceptionally(failure -> {
            fanout.errorHandler().onError(failure);
            return Admission.refuse(500, "it could not be decided who you are\n");
        });
    }

    private Admission.Refused full() {
        return refusedForNow("the server has " + cap.taken() + " connections, which is its limit\n");
    }

    private CompletionStage<Admission> authenticate(UpgradeRequest request) {
        try {
            return authenticator.authenticate(request);
        } catch (RuntimeException e) {
            return CompletableFuture.failedStage(e);
        }
    }

    private boolean isTooFast() {
        while (true) {
            long nowNs = System.nanoTime();
            long state = rateState.get();
            long next = rate.next(state, nowNs);
            if (rate.isExceeded(next, nowNs)) {
                return true;
            }
            if (rateState.compareAndSet(state, next)) {
                return false;
            }
        }
    }

    private static CompletionStage<Admission> later(String reason) {
        return done(refusedForNow(reason));
    }

    private static Admission.Refused refusedForNow(String reason) {
        return new Admission.Refused(503, reason, COME_BACK);
    }

    private static CompletionStage<Admission> done(Admission admission) {
        return CompletableFuture.completedStage(admission);
    }
}
